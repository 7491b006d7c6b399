"""The colours of both modes as hex codes: what the window paints with, and a report that no window made.

Contrasts and distances for the colour-blind were measured for these very codes; change none by itself.
"""

from __future__ import annotations

NAMES = (
    "win", "panel", "sunken", "hover", "sel", "pressed", "hairline", "strong", "control", "text", "text2", "text3",
    "accent", "on_accent", "focus", "danger", "danger_ground", "warn", "warn_ground", "ok", "nan",
)  # fmt: skip

LIGHT = (
    "EFEDE8 FFFFFF F7F6F3 F1F0EC D9EAEB E6E4DE DFDCD5 C4C0B6 8A867D 1B1D20 55595E 85898E 0B616D FFFFFF 0B7F8D "
    "B8005C FBE6EF 8A5300 FAF0DC 2E6B34 E0106F"
)
DARK = (
    "141618 1D2022 191B1D 24282B 1F4148 2B3034 31363A 4A5056 747A80 ECEAE6 A9ADB1 767B80 5CC3CF 0C2327 5CC3CF "
    "FF85BA 3E1A2B E8B45A 37290F 86C98A FF2E86"
)

EPOCHS = {False: "A98F4F 6F9468 2E8A83 14687F 1D4470 191F4D", True: "6665A6 3F7CA6 35A0A6 6FBF8F BDD77F F7ECA6"}
"""From the first epoch to the last, which is nearest to the text; by whether it is dark."""

MAGNITUDE = {False: "F4F2EE C9DEDD 86BCC1 3B919C 12606D 05333D", True: "1D2022 1F3B41 246874 3B9BA8 86CFD3 E4F7F3"}
DIFFERENCE = {
    False: "123F7E 4C87C9 B4CDE6 F4F2EE F0C39A D27A2E 8C3B04",
    True: "A9D2FF 4C97E6 27486B 1D2022 6B4523 E08A35 FFD09A",
}


def between(stops: str, share: float) -> str:
    """The colour at a share (0 to 1) of the way along some stops, as ``#RRGGBB``."""
    codes = [int(code, 16) for code in stops.split()]
    place = min(max(share, 0.0), 1.0) * (len(codes) - 1)
    low = min(int(place), len(codes) - 2)
    part = place - low
    mixed = 0
    for shift in (16, 8, 0):
        a, b = (codes[at] >> shift & 0xFF for at in (low, low + 1))
        mixed |= round(a + (b - a) * part) << shift
    return f"#{mixed:06X}"
