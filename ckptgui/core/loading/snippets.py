"""Python for loading a checkpoint, put together line by line from the keys that are really there."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json, Role, Section
from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.core.training.summary import Training, training

_WRAPPERS = {
    "module.": "DataParallel or DistributedDataParallel",
    "_orig_mod.": "torch.compile",
    "_fsdp_wrapped_module.": "FullyShardedDataParallel",
    "_forward_module.": "Lightning Fabric",
}
_CHAIN = re.compile(rf"(?:{'|'.join(map(re.escape, _WRAPPERS))})*")
_SUFFIX = re.compile(r"_?(state_?dicts?|states?|weights|dict)$", re.IGNORECASE)
_MAX_EACH = 16
"""Models or optimizers that get lines of their own."""


def literal(text: str) -> str:
    """A string as Python source: everything that is not plainly printable escaped, double quotes where they do."""
    source = repr(text)
    return f'"{source[1:-1]}"' if source[0] == "'" and '"' not in source and "\\" not in source else source


@dataclass
class Snippet:
    """Collects what the reader must supply, the imports and the lines; ``text`` joins them."""

    _supplied: dict[str, str] = field(default_factory=dict)
    _imports: list[str] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)

    def supply(self, name: str, what: str) -> str:
        """Note that ``name`` is used, not defined; returns it."""
        self._supplied[name] = what
        return name

    def imports(self, line: str) -> None:
        """An import, once."""
        if line not in self._imports:
            self._imports.append(line)

    def line(self, code: str = "") -> None:
        """A line of code; an empty one sets what follows apart."""
        self._lines.append(code)

    def comment(self, text: str) -> None:
        """A line that explains; ``text`` must be one line already."""
        self._lines.append(f"# {text}")

    def modes(self, models: list[str]) -> None:
        """The two ways on: inference or further training."""
        self.line()
        for model in models:
            self.line(f"{model}.eval()  # for inference; {model}.train() to go on training")

    def text(self) -> str:
        """The source, ending in a newline."""
        head = [f"# You supply {name}: {what}." for name, what in self._supplied.items()]
        return "\n".join([*head, *self._imports, "", *self._lines]) + "\n"


def state_dict_lines(
    snippet: Snippet, checkpoint: Checkpoint, section: Section | None, model: str, value: str = "state_dict"
) -> None:
    """Give a state dict to its model, without the prefixes of wrappers that the model may not be in."""
    prefix = wrapper_prefix(checkpoint, section) if section else ""
    if prefix:
        makers = [maker for wrapper, maker in _WRAPPERS.items() if wrapper in prefix]
        snippet.comment(
            f"Its names begin with {prefix!r}, from {' and '.join(makers)}; a bare model has none of that."
        )
        snippet.line(f"weights = {{name.removeprefix({prefix!r}): value for name, value in {value}.items()}}")
        value = "weights"
    snippet.line(f"{model}.load_state_dict({value})")


def wrapper_prefix(checkpoint: Checkpoint, section: Section) -> str:
    """The prefixes of wrappers that every name of a section begins with, in whatever order they are nested."""
    common: str | None = None
    depth = len(section.path)
    for row in range(section.start, section.stop):
        chain = _CHAIN.match(_below(checkpoint, row, depth))
        own = chain.group() if chain else ""
        while common and not own.startswith(common):
            common = common[: common[:-1].rfind(".") + 1]
        common = own if common is None else common
        if not common:
            return ""
    return common or ""


def _below(checkpoint: Checkpoint, row: int, depth: int) -> str:
    return ".".join(checkpoint.tensors.path(row)[depth:])


def module_snippet(snippet: Snippet, checkpoint: Checkpoint, load: str) -> None:
    """A whole model: the classes that it needs, and the advice to keep its state dict instead."""
    _need_classes(snippet, checkpoint)
    snippet.line(f"model = {load}")
    snippet.modes(["model"])
    snippet.line()
    snippet.comment("Better to keep: the weights alone, which need no class to be where it was.")
    snippet.comment('torch.save(model.state_dict(), "state-dict.pt")')


def _need_classes(snippet: Snippet, checkpoint: Checkpoint) -> None:
    """Name the classes that torch does not bring; the file refers to them and does not hold their code."""
    foreign = dict.fromkeys(m.class_name for m in checkpoint.modules if not m.class_name.startswith("torch."))
    for full in list(foreign)[:_MAX_EACH]:
        module, _, name = full.rpartition(".")
        if module in ("", "__main__"):
            where = "defined in the script that you run, as it was when the model was saved"
        else:
            where = f"importable from {display(module, 80)}, as it was when the model was saved"
        snippet.supply(f"the class {display(name, 80)}", where)


def checkpoint_snippet(
    snippet: Snippet, checkpoint: Checkpoint, load: str, prepared: Callable[[Training], None] = lambda _: None
) -> None:
    """A dictionary (or list) that holds state dicts: each given to what it belongs to, the counters read.

    ``prepared`` adds what has to be done to ``checkpoint`` before.
    """
    snippet.line(f"checkpoint = {load}")
    summary = training(checkpoint)
    prepared(summary)
    models = _models(snippet, checkpoint)
    _optimizers(snippet, checkpoint, summary, models)
    _schedulers(snippet, checkpoint, summary)
    _scaler(snippet, checkpoint)
    _counters(snippet, checkpoint, summary)
    if models:
        snippet.modes(models)


def access(checkpoint: Checkpoint, path: Path) -> str:
    """``checkpoint["a"][0]``: positions where the saved value is a list, keys elsewhere."""
    code, value = "checkpoint", checkpoint.metadata
    for part in path:
        if isinstance(value, list) and part.isdecimal():
            code += f"[{int(part)}]"
            value = value[int(part)] if int(part) < len(value) else None
        else:
            code += f"[{literal(part)}]"
            value = value.get(part) if isinstance(value, Mapping) else None
    return code


def _value(checkpoint: Checkpoint, path: Path) -> Json:
    value = checkpoint.metadata
    for part in path:
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _models(snippet: Snippet, checkpoint: Checkpoint) -> list[str]:
    """Lines for each section of role ``model``, and a word on averaged weights."""
    sections = checkpoint.with_role(Role.MODEL)[:_MAX_EACH]
    whole = {module.path for module in checkpoint.modules}
    names = _names([section.path for section in sections], "model")
    for section, name in zip(sections, names):
        source = access(checkpoint, section.path)
        if section.path in whole:
            _need_classes(snippet, checkpoint)
            snippet.line(f"{name} = {source}")
        else:
            snippet.supply(name, "an instance of the class whose weights these are")
            if not section.path:
                snippet.line(f"state_dict = {{k: v for k, v in {source}.items() if isinstance(v, torch.Tensor)}}")
                source = "state_dict"
            state_dict_lines(snippet, checkpoint, section, name, source)
    for section in checkpoint.with_role(Role.EMA)[:_MAX_EACH]:
        snippet.comment(f"{access(checkpoint, section.path)} holds averaged weights, often the better ones.")
    return names


def _names(paths: list[Path], alone: str) -> list[str]:
    """A variable for each path: the plain word where there is one, else made from the keys."""
    if len(paths) == 1:
        return [alone]
    names: list[str] = []
    for path in paths:
        last = next((part for part in reversed(path) if not part.isdecimal()), alone)
        stem = re.sub(r"\W+", "_", _SUFFIX.sub("", last), flags=re.ASCII).strip("_").lower() or alone
        name = stem if stem.isidentifier() and not keyword.iskeyword(stem) else alone
        name = name if name not in ("checkpoint", "torch", "weights") else f"{name}_{alone}"
        count = 2
        unique = name
        while unique in names:
            unique = f"{name}_{count}"
            count += 1
        names.append(unique)
    return names


def _optimizers(snippet: Snippet, checkpoint: Checkpoint, summary: Training, models: list[str]) -> None:
    found = summary.optimizers[:_MAX_EACH]
    for optimizer, name in zip(found, _names([o.path for o in found], "optimizer")):
        kind = f" ({optimizer.name}, by its state)" if optimizer.name else ""
        what = f"made with the model's parameters as it was when this was saved{kind}"
        if models and (optimizer.flat or _is_by_name(_value(checkpoint, optimizer.path))):
            needed, given = "set_optimizer_state_dict", f"{models[0]}, {snippet.supply(name, what)}"
            options = ""
            if optimizer.flat:
                needed = f"StateDictOptions, {needed}"
                options = ", options=StateDictOptions(flatten_optimizer_state_dict=True)"
            snippet.imports(f"from torch.distributed.checkpoint.state_dict import {needed}")
            source = access(checkpoint, optimizer.path)
            snippet.line(f"set_optimizer_state_dict({given}, {source}{options})")
        else:
            _restore(snippet, checkpoint, optimizer.path, name, what)


def _is_by_name(value: Json) -> bool:
    """Whether an optimizer's state names its parameters, as ``get_optimizer_state_dict`` gives it."""
    groups = value.get("param_groups") if isinstance(value, Mapping) else None
    first = groups[0] if isinstance(groups, list) and groups else None
    params = first.get("params") if isinstance(first, Mapping) else None
    return isinstance(params, list) and bool(params) and isinstance(params[0], str)


def _schedulers(snippet: Snippet, checkpoint: Checkpoint, summary: Training) -> None:
    found = summary.schedulers[:_MAX_EACH]
    for scheduler, name in zip(found, _names([s.path for s in found], "scheduler")):
        _restore(snippet, checkpoint, scheduler.path, name, "made with the optimizer, of the same class as then")


def _scaler(snippet: Snippet, checkpoint: Checkpoint) -> None:
    """A gradient scaler's state has no tensors, so no section; its keys give it away."""
    root = checkpoint.metadata
    for key, value in root.items() if isinstance(root, Mapping) else ():
        if isinstance(value, Mapping) and {"scale", "growth_factor", "backoff_factor"} <= value.keys():
            _restore(snippet, checkpoint, (key,), "scaler", "a torch.amp.GradScaler")
            return


def _restore(snippet: Snippet, checkpoint: Checkpoint, path: Path, name: str, what: str) -> None:
    """Give a saved state to its owner; an owner that was saved whole is simply taken."""
    value = _value(checkpoint, path)
    source = access(checkpoint, path)
    if isinstance(value, Mapping) and "__class__" in value:
        snippet.line(f"{name} = {source}")
    else:
        snippet.line(f"{snippet.supply(name, what)}.load_state_dict({source})")


def _counters(snippet: Snippet, checkpoint: Checkpoint, summary: Training) -> None:
    """Where to go on, and the loss then."""
    if summary.epoch is not None:
        source = access(checkpoint, summary.epoch.path)
        if summary.epoch.path[-1] == "start_epoch":
            snippet.line(f"start_epoch = {source}")
        else:
            snippet.line(f"start_epoch = {source} + 1  # without + 1 where the next epoch was saved already")
    if summary.step is not None:
        snippet.line(f"global_step = {access(checkpoint, summary.step.path)}")
    if summary.loss is not None:
        last = "[-1]" if isinstance(_value(checkpoint, summary.loss.path), list) else ""
        snippet.line(f"loss = {access(checkpoint, summary.loss.path)}{last}")
    elif _has_tensor(checkpoint, "loss"):
        snippet.line('loss = checkpoint["loss"]')


def _has_tensor(checkpoint: Checkpoint, name: str) -> bool:
    """Whether a tensor stands at the top under this name, as tutorials save the loss."""
    table = checkpoint.tensors
    if () not in table.containers:
        return False
    rows = np.flatnonzero(table.container == table.containers.index(()))
    return any(table.names[row] == name for row in rows.tolist())
