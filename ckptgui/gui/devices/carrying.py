"""Carries out a move: what is in files is read, what is on another device is brought, all of it or nothing."""

from __future__ import annotations

from ckptgui.device.messages import Resident
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.gui.devices.desk import Devices
from ckptgui.gui.devices.wish import Wish


def carry_out(devices: Devices, wish: Wish, cancel: Cancel, report: Report) -> dict[int, Resident]:
    """On a job's thread: bring all of it, or nothing; by row what is there now."""
    service = devices.service()
    sizes = wish.tree.checkpoint.tensors.nbytes
    first = int(sizes[list(wish.in_file)].sum())

    def told(before: int) -> Report:
        return lambda progress: report(Progress(before + progress.done, wish.needed))

    moved = service.move(wish.infos(), wish.device, cancel, told(0)) if wish.in_file else ()
    arrived = wish.arrived(moved)
    if wish.elsewhere:
        tokens = [wish.residents[row].token for row in wish.elsewhere]
        try:
            brought = {r.token: r for r in service.bring(tokens, wish.device, cancel, told(first))}
        except BaseException:
            service.free([resident.token for resident in moved])
            raise
        arrived |= {row: brought[r.token] for row, r in wish.residents.items() if r.token in brought}
    return arrived
