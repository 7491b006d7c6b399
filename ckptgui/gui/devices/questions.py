"""What is asked before a move, as sentences: what it needs, what is free, or why it cannot be."""

from __future__ import annotations

from collections.abc import Callable

from ckptgui.core.display import display
from ckptgui.gui.devices.confirm import Question
from ckptgui.gui.devices.desk import Devices
from ckptgui.gui.devices.wish import Wish
from ckptgui.gui.devices.words import CPU, at_words, device_words, room_words, why_no_accelerator
from ckptgui.gui.numbers import counted, size_text, tr


def waiting_question(devices: Devices, name: str, to_cpu: bool) -> Question | None:
    """What stands there until it is known which devices there are; None where one can be moved to."""
    place = device_words(CPU) if to_cpu else tr("a device")
    title = tr("Move {0} to {1}").format(name, place)
    if devices.trouble:
        return Question(title, display(devices.trouble, 600), alarming=True)
    if devices.inventory is None:
        return Question(title, tr("Starting PyTorch…"))
    why = "" if to_cpu else why_no_accelerator(devices.inventory)
    return Question(title, display(why, 600)) if why else None


def move_question(
    devices: Devices, wish: Wish, move: Callable[[], None], move_part: Callable[[int], None]
) -> Question:
    """Whether to move it; where it does not fit, whether to move what would."""
    device = devices.device(wish.device)
    place = device_words(wish.device)
    title = tr("Move {0} to {1}?").format(wish.name, place)
    if device is None:
        return Question(title, tr("There is no {0} any more.").format(place), alarming=True)
    if wish.done:
        return Question(title, tr("It is {0} already.").format(at_words(wish.device)))
    if not wish.tensors:
        return Question(title, wish.left_out_words() or tr("There is no tensor in it."))
    note = wish.left_out_words()
    room = room_words(wish.needed, device)
    if not device.total or wish.needed <= device.free:
        words = tr("{0}. {1}").format(counted(wish.tensors, "tensor", "tensors"), room)
        return Question(title, words, note, tr("Move {0}").format(size_text(wish.needed)), move)
    part = wish.fitting(device.free)
    if part is None:
        return Question(title, room, tr("No tensor of it would fit."), alarming=True)
    label, nbytes = display(wish.tree.labels[part], 60), size_text(int(wish.tree.nbytes[part]))
    note = tr("{0} ({1}) would fit.").format(label, nbytes)
    return Question(title, room, note, tr("Move {0}").format(label), lambda: move_part(part), alarming=True)
