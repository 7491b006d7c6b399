"""The report's colours and type, light and dark as the reader's system is; nothing is fetched from elsewhere."""

from __future__ import annotations

from ckptgui.workspace import tokens

LEVELS = 24
"""Steps of the magnitude palette."""

_USED = (
    "win",
    "panel",
    "sunken",
    "hairline",
    "strong",
    "text",
    "text2",
    "accent",
    "danger",
    "nan",
)
_STATUS = {
    "same": ("8E9396", "797C7F"),
    "changed": ("0E7781", "19AAB9"),
    "added": ("175B24", "8BCF90"),
    "removed": ("C0572B", "E8622F"),
    "reshaped": ("62468A", "A966C6"),
    "retyped": ("B88A22", "EAB132"),
}


def sheet(members: int) -> str:
    """A style sheet with a colour ``--e0`` … for each member and ``--m0`` … for each level."""
    light, dark = (_variables(members, is_dark) for is_dark in (False, True))
    return f":root{{color-scheme:light dark;{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}{_RULES}"


def epoch(member: int) -> str:
    """A member's colour."""
    return f"var(--e{member})"


def level(share: float) -> str:
    """The colour of a magnitude from 0 to 1."""
    return f"var(--m{min(LEVELS - 1, max(0, int(share * LEVELS)))})"


def _variables(members: int, dark: bool) -> str:
    codes = dict(zip(tokens.NAMES, (tokens.DARK if dark else tokens.LIGHT).split()))
    found = [f"--{name.replace('_', '-')}:#{codes[name]}" for name in _USED]
    found += [f"--{status}:#{pair[dark]}" for status, pair in _STATUS.items()]
    last = max(1, members - 1)
    found += [f"--e{each}:{tokens.between(tokens.EPOCHS[dark], each / last)}" for each in range(members)]
    found += [
        f"--m{each}:{tokens.between(tokens.MAGNITUDE[dark], (each + 0.5) / LEVELS)}" for each in range(LEVELS)
    ]
    return ";".join(found)


_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--win);color:var(--text);
font:13px/18px Inter,"Segoe UI Variable","Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1120px;margin:0 auto;padding:24px}
section{background:var(--panel);border-radius:6px;padding:16px 24px;margin:12px 0;overflow-x:auto}
h1{font-size:20px;line-height:26px;font-weight:600;margin:0}
h2{font-size:16px;line-height:22px;font-weight:600;margin:0 0 8px}
h2 small,.note{font-size:12px;font-weight:400;color:var(--text2)}
p{margin:4px 0}
ol{margin:0;padding-left:20px}li{margin:2px 0}
.alarm{color:var(--danger);font-weight:600}
table{border-collapse:collapse;width:100%}
th{font-size:11px;line-height:14px;font-weight:500;color:var(--text2);text-align:left;padding:4px 12px 4px 0;
border-bottom:1px solid var(--hairline);position:sticky;top:0;background:var(--panel)}
td{padding:3px 12px 3px 0;white-space:nowrap}
tr:hover td{background:var(--sunken)}
.n{text-align:right}
.name{max-width:420px;overflow:hidden;text-overflow:ellipsis}
.bar{display:inline-block;height:10px;background:var(--changed);vertical-align:-1px;border-radius:1px}
.pair{display:grid;grid-template-columns:repeat(auto-fill,minmax(440px,1fr));gap:16px 24px}
figure{margin:0}figcaption{font-weight:600;margin-bottom:4px;overflow-wrap:anywhere}
svg{display:block;max-width:100%;height:auto}
svg text{font-size:11px;fill:var(--text2)}
svg .strong{fill:var(--text);font-weight:600}
"""
