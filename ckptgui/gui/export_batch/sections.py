"""Which state dict of each checkpoint is meant: a choice where they hold several."""

from __future__ import annotations

from collections.abc import Sequence

from ckptgui.core.checkpoint import Role
from ckptgui.core.display import display
from ckptgui.errors import CheckpointError
from ckptgui.export.select import choose_section
from ckptgui.gui.export_batch.lines import Line
from ckptgui.gui.form import Option
from ckptgui.gui.numbers import tr


def sections_of(lines: Sequence[Line]) -> list[Option]:
    """The state dicts to choose from, as the first that is whole has them; with no key: whichever is the model."""
    checkpoint = next((line.source.checkpoint for line in lines if line.source.checkpoint is not None), None)
    if checkpoint is None or any(line.source.section is not None for line in lines):
        return [Option("", tr("Model"))]
    found = [each for each in checkpoint.sections if each.tensor_count and each.role is not Role.OPTIMIZER]
    found.sort(key=lambda each: (each.role is not Role.MODEL, -each.nbytes))
    try:
        usual = choose_section(checkpoint, None)
    except CheckpointError:
        usual = None
    others = ["/".join(each.path) for each in found if each is not usual and each.path]
    first = [Option("", tr("Model"))] if usual is not None or not others else []
    return [*first, *(Option(name, display(name, 60)) for name in others)]
