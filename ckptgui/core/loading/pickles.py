"""How a bare pickle is loaded: by Python's own ``pickle``, which has no restricted way."""

from __future__ import annotations

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.loading.saved_devices import listed, saved_devices
from ckptgui.core.loading.snippets import Snippet, literal
from ckptgui.core.loading.torch_files import names_untyped, object_lines


def pickle_snippet(checkpoint: Checkpoint) -> str | None:
    """``pickle.loads`` and what follows; None where torch cannot rebuild what it wrote into the pickle."""
    if names_untyped(checkpoint):
        return None
    snippet = Snippet()
    snippet.imports("import pickle")
    snippet.imports("from pathlib import Path")
    snippet.comment(
        "Unpickling lets the file run code of its choice: do so only if you trust where it comes from."
    )
    encoding = ""
    if checkpoint.attributes.get("old_text"):
        snippet.comment("Python 2 wrote it, whose strings were bytes; latin1 keeps each of them.")
        encoding = ', encoding="latin1"'
    devices = saved_devices(checkpoint)
    if devices:
        snippet.comment(f"It was saved on {listed(devices)} and loads only where there is such a device.")
    object_lines(snippet, checkpoint, f"pickle.loads(Path({literal(checkpoint.path)}).read_bytes(){encoding})")
    return snippet.text()
