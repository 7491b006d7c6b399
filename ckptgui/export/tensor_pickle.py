"""Says a tensor in pickle opcodes, exactly as ``torch.save`` does, so that every reader's fast path fits."""

from __future__ import annotations

from collections.abc import Sequence

from ckptgui.core.dtypes import DType
from ckptgui.export.pickle_file import EMPTY_DICT, MARK, PERSISTENT, REDUCE, SETITEM, TUPLE, PickleWriter
from ckptgui.export.storages import Storage, View


class TensorPickler:
    """Writes tensors into a pickle; ``location`` overrides the storages' devices unless it is ``keep``."""

    def __init__(self, pickle: PickleWriter, storages: Sequence[Storage], location: str) -> None:
        self.pickle = pickle
        self._storages = storages
        self._location = location

    def tensor(self, view: View, shape: tuple[int, ...], dtype: DType, requires_grad: bool = False) -> int:
        """Push one tensor and return its number in the memo."""
        pickle = self.pickle
        typed = self._storages[view.storage].dtype is not None and bool(dtype.storage_class)
        pickle.name("torch._utils", "_rebuild_tensor_v2" if typed else "_rebuild_tensor_v3")
        pickle.op(MARK)
        self._storage(view.storage)
        pickle.integer(view.offset)
        pickle.numbers(shape)
        pickle.numbers(view.strides)
        pickle.truth(requires_grad)
        pickle.ordered_dict()
        if not typed:
            pickle.name("torch", dtype.name)
        self._metadata(view)
        pickle.op(TUPLE)
        pickle.put()
        pickle.op(REDUCE)
        return pickle.put()

    def _storage(self, index: int) -> None:
        pickle = self.pickle
        storage = self._storages[index]
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
