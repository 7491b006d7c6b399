"""A checkpoint in a few words: for the status bar, and the sentences above a file that is not as it should be."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ckptgui.core.checkpoint import Checkpoint, SavedShape
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.format_names import format_name
from ckptgui.core.loading.how_to_load import safety_sentence
from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.notices import Notice, Tone
from ckptgui.gui.numbers import counted, duration, integer, parameters, tr
from ckptgui.gui.opening import Opened
from ckptgui.gui.theme import mono_font

MAX_TITLE = 60
"""Characters of a first sentence that may be the title of a notice."""


def facts(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Format, parameters, what it names."""
    count = checkpoint.parameter_count
    return (
        tr(format_name(checkpoint.format)),
        *((tr("{count} parameters").format(count=parameters(count)),) if count else ()),
        safety_sentence(checkpoint),
    )


def opened_sentence(opened: Opened) -> str:
    """``306 tensors listed in 12 ms``"""
    many = counted(len(opened.checkpoint), "tensor", "tensors")
    return tr("{tensors} listed in {time}").format(tensors=many, time=duration(opened.seconds))


def file_notices(checkpoint: Checkpoint, export: Callable[[], None], parent: QWidget) -> list[Notice]:
    """What a person must know about this file before its numbers."""
    found = []
    if checkpoint.warnings or checkpoint.tensors.errors:
        found.append(_damage(checkpoint, parent))
    if checkpoint.saved_shape is SavedShape.MODULE:
        found.append(_whole_model(checkpoint, export))
    return found


def _damage(checkpoint: Checkpoint, parent: QWidget) -> Notice:
    broken = len(checkpoint.tensors.errors)
    sentences = [*checkpoint.warnings, *dict.fromkeys(checkpoint.tensors.errors.values())]
    lacks = bool(broken) or bool(checkpoint.attributes.get("incomplete"))
    if len(checkpoint.sources) > 1:
        title = tr("The checkpoint is not whole.") if lacks else tr("The checkpoint is not quite as it should be.")
    else:
        title = tr("The file is damaged.") if lacks else tr("The file is not quite as it should be.")
    head, _, rest = sentences[0].partition(". ")
    if rest and len(head) <= MAX_TITLE:  # "The file is cut short. 812.0 MiB of 1.46 GiB are here."
        title, text = f"{display(head)}.", display(rest, 400)
    else:
        text = display(sentences[0], 400)
    if not checkpoint.warnings:  # a sentence about one tensor, which says "it"
        text = f"{display('.'.join(checkpoint.tensors.path(next(iter(checkpoint.tensors.errors)))), 80)}: {text}"
    if broken:
        whole = tr("{whole} of {all} are whole.").format(
            whole=integer(len(checkpoint) - broken), all=counted(len(checkpoint), "tensor", "tensors")
        )
        text = f"{text} {whole}"
    return Notice(
        "damage",
        "broken-file",
        title,
        text,
        Tone.DANGER if broken else Tone.WARN,
        tr("Details") if len(sentences) > 1 else "",
        lambda: _details(sentences, parent),
        lasting=bool(broken),
    )


def _details(sentences: list[str], parent: QWidget) -> None:
    dialog = Dialog(parent, tr("What is wrong with this file"), 620)
    pane = QPlainTextEdit("\n".join(display(sentence, 1000) for sentence in sentences)[:MAX_DETAIL], dialog)
    pane.setReadOnly(True)
    pane.setFont(mono_font())
    pane.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    dialog.body.addWidget(pane, 1)
    dialog.add_button(tr("Close"), dialog.accept, primary=True)
    dialog.open()


def _whole_model(checkpoint: Checkpoint, export: Callable[[], None]) -> Notice:
    root = next((module for module in checkpoint.modules if not module.path), None)
    name = display(root.class_name) if root else tr("a class of its own")
    brings_code = tr("Its code is in the file. All {tensors} were read without running it.")
    needs_code = tr("Only code that has this class can load it. All {tensors} were read without it.")
    return Notice(
        "module",
        "checkpoint",
        tr("Saved as a whole model of class {name}.").format(name=name),
        (brings_code if checkpoint.attributes.get("code") else needs_code).format(
            tensors=counted(len(checkpoint), "tensor", "tensors")
        ),
        link=tr("Export state dict"),
        act=export,
    )
