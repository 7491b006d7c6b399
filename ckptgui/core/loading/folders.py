"""How checkpoints of several files are loaded: shard by shard, or each file for what it is."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from ckptgui.core.checkpoint import Checkpoint, Role, SavedShape
from ckptgui.core.display import display
from ckptgui.core.loading.distributed import distributed_lines
from ckptgui.core.loading.snippets import Snippet, literal, state_dict_lines
from ckptgui.core.loading.torch_files import load_call
from ckptgui.core.loading.weights_only import why_refused
from ckptgui.core.training.roles import role_by_name

Member = tuple[str, Checkpoint]
"""A file's name and the checkpoint in it, without tensors (``attributes["members"]``)."""

_TORCH = ("torch-zip", "torch-legacy", "torch-tar")
_NUMBERED = re.compile(r"(.*-)(\d+)(-of-.*)")
_FEW = 6
"""Shards that are named one by one."""

_OWNERS = {
    Role.OPTIMIZER: ("optimizer", "made with the model's parameters as it was when this was saved"),
    Role.SCHEDULER: ("scheduler", "made with the optimizer, of the same class as then"),
    Role.SCALER: ("scaler", "a torch.amp.GradScaler"),
}
_RESERVED = frozenset({"folder", "number", "shard", "torch", "load_file", "weights", "model", "optimizer"})
"""Names that mean something else in a snippet."""


def sharded_snippet(checkpoint: Checkpoint) -> str | None:
    """Each shard loaded into one state dict, which the model takes; None where torch loads one of them not."""
    snippet = Snippet()
    model = snippet.supply("model", "an instance of the class whose weights these are")
    _folder(snippet, checkpoint)
    if not _shards(snippet, checkpoint, "state_dict"):
        return None
    state_dict_lines(snippet, checkpoint, checkpoint.sections[0] if checkpoint.sections else None, model)
    snippet.modes([model])
    return snippet.text()


def _shards(snippet: Snippet, checkpoint: Checkpoint, variable: str, folder: str = "folder") -> bool:
    """Lines that put the shards' tensors into ``variable``; False where there is no such way.

    ``folder`` is the variable that has their folder.
    """
    members: Sequence[Member] = checkpoint.attributes["members"]
    if not members or any(member.format not in ("safetensors", *_TORCH) for _, member in members):
        return False
    snippet.line(f"{variable} = {{}}")
    for is_torch in (False, True):
        some = [(name, member) for name, member in members if (member.format in _TORCH) == is_torch]
        if not some:
            continue
        if is_torch:
            snippet.imports("import torch")
            strictest = next((member for _, member in some if why_refused(member)), some[0][1])
            load = load_call(strictest, snippet, f'f"{{{folder}}}/{{shard}}"')
        else:
            snippet.imports("from safetensors.torch import load_file")
            load = f'load_file(f"{{{folder}}}/{{shard}}", device="cpu")'
        _loop(snippet, [name for name, _ in some])
        snippet.line(f"    {variable}.update({load})")
    return True


def _loop(snippet: Snippet, names: list[str]) -> None:
    """The head of a loop over the shards, by the pattern of their names where they are many."""
    matches = [_NUMBERED.fullmatch(name) for name in names]
    first = matches[0]
    if len(names) > _FEW and first is not None and first[3].isprintable() and not set('{}"\\') & set(names[0]):
        digits = len(first[2])
        if names == [f"{first[1]}{number:0{digits}d}{first[3]}" for number in range(1, len(names) + 1)]:
            snippet.line(f"for number in range(1, {len(names) + 1}):")
            snippet.line(f'    shard = f"{first[1]}{{number:0{digits}d}}{first[3]}"')
            return
    if len(names) == 1:
        snippet.line(f"for shard in ({literal(names[0])},):")
        return
    snippet.line("for shard in (")
    for name in names:
        snippet.line(f"    {literal(name)},")
    snippet.line("):")


def directory_snippet(checkpoint: Checkpoint) -> str | None:
    """Each file loaded and given to what it belongs to; what only its library restores is named."""
    snippet = Snippet()
    names = _Names()
    _folder(snippet, checkpoint)
    members: Sequence[Member] = checkpoint.attributes["members"]
    ordered = sorted(members, key=lambda member: not member[0])  # what the folder itself is goes last
    models = [model for member in ordered for model in _member(snippet, checkpoint, member, names)]
    if models:
        snippet.modes(models)
    return snippet.text()


def _member(snippet: Snippet, checkpoint: Checkpoint, member: Member, names: _Names) -> list[str]:
    """Lines for one file; the names of the models that it filled."""
    name, saved = member
    sections = [section for section in checkpoint.sections if section.path[:1] == (name,)]
    bare = sections[0] if len(sections) == 1 and sections[0].path == (name,) else None
    role = bare.role if bare is not None else role_by_name(name)
    if not name:
        names.new("model")
        if not distributed_lines(snippet, _without_files(checkpoint, saved)):
            snippet.comment("The distributed part cannot be loaded: torch needs a file that is not there.")
        return []
    if saved.format not in ("safetensors", "sharded", *_TORCH):
        _other(snippet, name, saved)
        return []
    if role in _OWNERS and saved.saved_shape is not SavedShape.MODULE:
        owner, what = _OWNERS[role]
        load = _load(snippet, saved, checkpoint.path)
        snippet.line(f"{snippet.supply(names.new(owner), what)}.load_state_dict({load})")
        return []
    variable = names.variable(_word(name))
    if saved.format == "sharded":
        folder = "folder"
        if saved.path != checkpoint.path:
            folder = f"{variable}_folder"
            snippet.line(f"{folder} = {literal(saved.path)}")
        if not _shards(snippet, saved, variable, folder):
            return []
    else:
        snippet.line(f"{variable} = {_load(snippet, saved, checkpoint.path)}")
    if bare is None or role is not Role.MODEL or _is_adapter(snippet, name, variable):
        return []
    model = snippet.supply(names.new("model"), "an instance of the class whose weights these are")
    state_dict_lines(snippet, checkpoint, bare, model, variable)
    return [model]


def _without_files(checkpoint: Checkpoint, saved: Checkpoint) -> Checkpoint:
    """What the folder itself is, without the files beside it that are read by themselves."""
    files = {name for name, _ in checkpoint.attributes["members"] if name}
    metadata = checkpoint.metadata if isinstance(checkpoint.metadata, dict) else {}
    return replace(
        saved,
        tensors=checkpoint.tensors,
        sections=tuple(
            section for section in checkpoint.sections if section.path[:1] not in {(f,) for f in files}
        ),
        metadata={key: value for key, value in metadata.items() if key not in files},
    )


def _other(snippet: Snippet, name: str, saved: Checkpoint) -> None:
    """A word on a piece that has a way of its own."""
    if saved.format == "dcp":
        call = f"dcp_to_torch_save(folder + {literal('/' + name)}, {literal(name + '.pt')})"
        snippet.comment(f"torch.distributed.checkpoint.format_utils.{call} makes one file of it.")
    else:
        snippet.comment(
            f"{display(name, 80)} is {saved.format} by itself: opened alone, it says how it is loaded."
        )


def _is_adapter(snippet: Snippet, name: str, variable: str) -> bool:
    """Whether these are a PEFT adapter's weights, which go to a model by PEFT alone."""
    if not name.startswith("adapter_"):
        return False
    snippet.comment(f"peft.set_peft_model_state_dict(model, {variable}) gives them to the model that they adapt.")
    return True


def _folder(snippet: Snippet, checkpoint: Checkpoint) -> None:
    snippet.line(f"folder = {literal(checkpoint.path)}")


def _load(snippet: Snippet, saved: Checkpoint, folder: str) -> str:
    place = PurePath(saved.path)
    path = f"folder + {literal('/' + place.name)}" if place.parent == PurePath(folder) else literal(saved.path)
    if saved.format == "safetensors":
        snippet.imports("from safetensors.torch import load_file")
        return f'load_file({path}, device="cpu")'
    snippet.imports("import torch")
    return load_call(saved, snippet, path)


def _word(name: str) -> str:
    """A variable for what a file holds, made from its name."""
    word = re.sub(r"\W+", "_", name.partition(".")[0], flags=re.ASCII).strip("_").lower()
    return "state_dict" if word in ("model", "pytorch_model", "diffusion_pytorch_model") else word


class _Names:
    """Variables of one snippet, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def variable(self, word: str) -> str:
        """A name for what a file holds."""
        usable = word.isidentifier() and not keyword.iskeyword(word) and word not in _RESERVED
        return self.new(word if usable else "loaded")

    def new(self, name: str) -> str:
        """The name, or the name with a number where it is taken."""
        count, unique = 2, name
        while unique in self._taken:
            unique = f"{name}_{count}"
            count += 1
        self._taken.add(unique)
        return unique
