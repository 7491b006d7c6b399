"""How a safetensors file is loaded, in code made from its own keys."""

from __future__ import annotations

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.loading.snippets import Snippet, literal, state_dict_lines


def safetensors_snippet(checkpoint: Checkpoint) -> str | None:
    """``load_file``, or ``load_model`` where the file says that it left tied names out."""
    snippet = Snippet()
    model = snippet.supply("model", "an instance of the class whose weights these are")
    path = literal(checkpoint.path)
    table = checkpoint.metadata if isinstance(checkpoint.metadata, dict) else {}
    if not table.keys().isdisjoint(("format",)) and table["format"] not in ("pt", "torch"):
        snippet.comment(
            f"The file says that {display(table['format'], 40)} wrote it; names may differ from torch's."
        )
    if _names_ties(checkpoint, table):
        # What is left out as tied to another name, load_model finds by the model's own ties.
        snippet.imports("from safetensors.torch import load_model")
        snippet.line(f'load_model({model}, {path}, device="cpu")')
    else:
        snippet.imports("from safetensors.torch import load_file")
        snippet.line(f'state_dict = load_file({path}, device="cpu")')
        state_dict_lines(snippet, checkpoint, checkpoint.sections[0] if checkpoint.sections else None, model)
    snippet.modes([model])
    return snippet.text()


def _names_ties(checkpoint: Checkpoint, table: dict[str, str]) -> bool:
    """Whether ``__metadata__`` says which names were left out because another has their values."""
    text = checkpoint.tensors.names.text
    told = [(key, value) for key, value in table.items() if isinstance(value, str) and value and value in text]
    if not told:
        return False  # without a look at a million names
    names = {name for pair in told for name in pair}.intersection(checkpoint.tensors.names)
    return any(value in names and key not in names for key, value in told)
