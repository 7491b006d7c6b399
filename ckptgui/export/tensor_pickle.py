"""Says a tensor in pickle opcodes, exactly as ``torch.save`` does, so that every reader's fast path fits."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from ckptgui.core.display import display
from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import TensorInfo, contiguous_strides
from ckptgui.errors import ExportError
from ckptgui.export.kinds import kinds_of
from ckptgui.export.pickle_file import EMPTY_DICT, MARK, PERSISTENT, REDUCE, SETITEM, TUPLE, PickleWriter, Template
from ckptgui.export.quantized import PER_TENSOR, channel_storages, rule_of
from ckptgui.export.storages import Storage, Storages, View


class TensorPickler:
    """Writes tensors into a pickle; ``location`` overrides the storages' devices unless it is ``keep``.

    ``storages`` grows by those that hold the scales of quantised tensors.
    """

    def __init__(self, pickle: PickleWriter, storages: Storages, location: str) -> None:
        self.pickle = pickle
        self.storages = storages
        self._location = location
        self._templates: dict[Hashable, Template] = {}
        self._met: set[Hashable] = set()

    def placed(
        self,
        tensors: Sequence[TensorInfo],
        dtypes: Sequence[DType],
        *,
        names: Sequence[str] | None = None,
        grads: Sequence[bool] | None = None,
    ) -> Callable[[int], int]:
        """What pushes a tensor, by its place among those of the storages, and returns its number in the memo.

        With ``names`` it pushes that first. ``grads`` says which want a gradient. Tensors that differ in nothing
        but name and place are said from the second on by what was recorded of it.
        """
        kinds, numbers, templates = (
            kinds_of(tensors, dtypes, self.storages),
            self.storages.of.tolist(),
            self._templates,
        )
        if grads is not None:
            kinds = [kind and (kind, grad) for kind, grad in zip(kinds, grads)]

        def say(place: int) -> int:
            texts = () if names is None else (names[place],)
            template = templates.get(kinds[place])
            if template is not None:
                return self.pickle.say_like(template, *texts, str(numbers[place]))
            row = self.storages.view(place), tensors[place], dtypes[place], bool(grads and grads[place])
            for text in texts:
                self.pickle.text(text)
            said = self.tensor(*row)
            if kinds[place] is not None:
                self._record(kinds[place], texts, row)
            return said

        return say

    def _record(self, kind: Hashable, texts: Sequence[str], row: tuple[View, TensorInfo, DType, bool]) -> None:
        """Take down how a tensor is said, if it is not the first of its kind."""
        recorder = self.pickle.recorder() if kind in self._met else None
        self._met.add(kind)
        if recorder is not None:
            for text in texts:
                recorder.text(text)
            TensorPickler(recorder, self.storages, self._location).tensor(*row)
            self._templates[kind] = recorder.template()

    def tensor(self, view: View, tensor: TensorInfo, dtype: DType, requires_grad: bool = False) -> int:
        """Push one tensor, written as ``dtype``, and return its number in the memo."""
        rule = rule_of(tensor)
        if rule is not None:
            return self._quantized(view, tensor, rule, requires_grad)
        return self._plain(view, tensor, dtype, requires_grad)

    def _plain(self, view: View, tensor: TensorInfo, dtype: DType, requires_grad: bool) -> int:
        pickle = self.pickle
        typed = self.storages[view.storage].dtype is not None and bool(dtype.storage_class)
        pickle.name("torch._utils", "_rebuild_tensor_v2" if typed else "_rebuild_tensor_v3")
        pickle.op(MARK)
        self._view(view, tensor.shape)
        self._state(requires_grad)
        if not typed:
            pickle.name("torch", dtype.name)
        self._metadata(view)
        return self._called()

    def _quantized(self, view: View, tensor: TensorInfo, rule: Mapping[str, Any], requires_grad: bool) -> int:
        if self.storages[view.storage].dtype is None:
            raise ExportError(f"{display(tensor.name)} is quantised and shares its bytes with another dtype.")
        pickle = self.pickle
        pickle.name("torch._utils", "_rebuild_qtensor")
        pickle.op(MARK)
        self._view(view, tensor.shape)
        if rule["scheme"] == PER_TENSOR:
            pickle.name("torch", rule["scheme"])
            pickle.real(rule["scale"])
            pickle.integer(rule["zero_point"])
            pickle.tuple_end(3)
        else:
            pickle.op(MARK)
            pickle.name("torch", rule["scheme"])
            for storage in channel_storages(rule, tensor.device):
                self._vector(storage, len(rule["scales"]))
            pickle.integer(rule["axis"])
            pickle.tuple_end(4)
        self._state(requires_grad)
        return self._called()

    def _vector(self, storage: Storage, length: int) -> None:
        """A small tensor of its own, in a storage that is added for it."""
        number = self.storages.add(storage)
        pickle = self.pickle
        pickle.name("torch._utils", "_rebuild_tensor_v2")
        pickle.op(MARK)
        self._view(View(number, 0, contiguous_strides((length,))), (length,))
        self._state(False)
        self._called()

    def _view(self, view: View, shape: tuple[int, ...]) -> None:
        self._storage(view.storage)
        self.pickle.integer(view.offset)
        self.pickle.numbers(shape)
        self.pickle.numbers(view.strides)

    def _state(self, requires_grad: bool) -> None:
        """Whether it wants a gradient, and the hooks that are never saved."""
        self.pickle.truth(requires_grad)
        self.pickle.ordered_dict()

    def _called(self) -> int:
        """Close the arguments and call."""
        self.pickle.op(TUPLE)
        self.pickle.put()
        self.pickle.op(REDUCE)
        return self.pickle.put()

    def _storage(self, index: int) -> None:
        pickle = self.pickle
        storage = self.storages[index]
        pickle.op(MARK)
        pickle.constant("storage")
        if storage.dtype is not None and storage.dtype.storage_class:
            pickle.name("torch", storage.dtype.storage_class)
            numel = storage.nbytes // storage.dtype.itemsize
        else:
            pickle.name("torch.storage", "UntypedStorage")
            numel = storage.nbytes
        pickle.text(str(index))
        pickle.constant(storage.device if self._location == "keep" else self._location)
        pickle.integer(numel)
        pickle.op(TUPLE)
        pickle.put()
        pickle.op(PERSISTENT)

    def _metadata(self, view: View) -> None:
        """Conjugated or negated: the stored bytes are not the values until torch applies this."""
        flags = [name for name, is_set in (("conj", view.conj), ("neg", view.neg)) if is_set]
        if not flags:
            return
        self.pickle.op(EMPTY_DICT)
        self.pickle.put()
        for flag in flags:
            self.pickle.constant(flag)
            self.pickle.truth(True)
            self.pickle.op(SETITEM)
