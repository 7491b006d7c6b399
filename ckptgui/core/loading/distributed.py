"""How a distributed checkpoint is loaded: in place into a state dict, or by way of one file."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ckptgui.core.checkpoint import Checkpoint, SavedShape
from ckptgui.core.loading.snippets import Snippet, access, checkpoint_snippet, literal, wrapper_prefix
from ckptgui.core.loading.torch_files import load_call
from ckptgui.core.training.summary import Training

_FILE = "checkpoint.pt"
_DCP = "import torch.distributed.checkpoint as dcp"


def distributed_snippet(checkpoint: Checkpoint) -> str | None:
    """The code for what wrote it (``attributes["writer"]``); None where torch needs what is not there."""
    snippet = Snippet()
    return snippet.text() if distributed_lines(snippet, checkpoint) else None


def distributed_lines(snippet: Snippet, checkpoint: Checkpoint) -> bool:
    """The lines of it, among those for other files; False where there is no way."""
    writer = checkpoint.attributes.get("writer")
    if writer is None:
        return False
    if writer == "safetensors":
        _in_place(snippet, checkpoint, f"storage_reader=dcp.HuggingFaceStorageReader({literal(checkpoint.path)})")
        return True
    _warn(snippet)
    where = f"checkpoint_id={literal(checkpoint.path)}"
    if writer == "ranks":
        ranks = checkpoint.attributes.get("ranks", 0)
        snippet.comment(f"Each rank described its own part, so this takes a job of {ranks:,} ranks as saved it.")
        _in_place(snippet, checkpoint, where)
    elif checkpoint.saved_shape is SavedShape.STATE_DICT:
        _in_place(snippet, checkpoint, where)
    else:
        _converted(snippet, checkpoint)
    return True


def _warn(snippet: Snippet) -> None:
    snippet.comment(
        "torch unpickles .metadata, and the objects beside the tensors, without any restriction: they can"
    )
    snippet.comment("run code of their choice while they load. Do so only if you trust where they come from.")


def _in_place(snippet: Snippet, checkpoint: Checkpoint, where: str) -> None:
    """Fill the tensors that the model has already: its part in each rank of a job, all in a single process."""
    snippet.imports(_DCP)
    model = snippet.supply("model", "an instance of the class whose weights these are")
    section = checkpoint.sections[0] if checkpoint.sections else None
    prefix = wrapper_prefix(checkpoint, section) if section else ""
    keys = [] if section is None else [literal(key) for key in section.path]
    if prefix:
        snippet.comment(f"Its names begin with {prefix!r}; a bare model has none of that.")
        snippet.line(f"weights = {{{prefix!r} + name: value for name, value in {model}.state_dict().items()}}")
    else:
        snippet.line(f"weights = {model}.state_dict()")
    state = "weights"
    for key in reversed(keys):
        state = f"{{{key}: {state}}}"
    snippet.line(f"dcp.load({state}, {where})")
    if prefix:
        snippet.line(f"weights = {{name.removeprefix({prefix!r}): value for name, value in weights.items()}}")
    snippet.line(f"{model}.load_state_dict(weights)")
    snippet.modes([model])


def _converted(snippet: Snippet, checkpoint: Checkpoint) -> None:
    """One file with everything, by one process, and then as any file of ``torch.save``."""
    snippet.imports("import torch")
    snippet.imports("from torch.distributed.checkpoint.format_utils import dcp_to_torch_save")
    snippet.comment("One process puts it into one file; a job of several ranks loads in place instead, with")
    snippet.comment("torch.distributed.checkpoint.load into the state dict that it saved.")
    snippet.line(f"dcp_to_torch_save({literal(checkpoint.path)}, {literal(_FILE)})")
    kept = tuple(name for name in checkpoint.globals if not name.record.endswith(".metadata"))
    load = load_call(replace(checkpoint, globals=kept), snippet, literal(_FILE))
    checkpoint_snippet(snippet, checkpoint, load, partial(_number_states, snippet, checkpoint))


def _number_states(snippet: Snippet, checkpoint: Checkpoint, summary: Training) -> None:
    """Give an optimizer's state the numbers that it is looked up by: flattening made texts of all keys."""
    for optimizer in summary.optimizers:
        if any(path[:-1] == (*optimizer.path, "state", "0") for path in checkpoint):
            state = f'{access(checkpoint, optimizer.path)}["state"]'
            snippet.comment("Its numbers were saved as texts; an optimizer looks its state up by numbers.")
            snippet.line(f"{state} = {{int(number): value for number, value in {state}.items()}}")
