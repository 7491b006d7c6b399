"""Sentences about whether a state dict fits a model, for the terminal and the window."""

from __future__ import annotations

from ckptgui.core.display import counted
from ckptgui.core.fit.fit import Fit
from ckptgui.core.fit.renaming import Renaming, replaced
from ckptgui.core.fit.search import Fix


def what_is_wrong(fit: Fit) -> str:
    """``It would not load: 2 names missing, 1 unexpected.``"""
    if fit.loads:
        return f"It would load: all {counted(fit.matched, 'name')} fit." if fit.matched != 1 else "It would load."
    if not fit.matched and not fit.mismatched:
        return "It would not load: the two have no name in common."
    return f"It would not load: {_troubles(fit)}."


def what_the_fix_does(fix: Fix) -> str:
    """What is left once names are changed."""
    if fix.fit.loads:
        guessed = any(not each.startswith("^=") for each in fix.renaming.rename)
        return f"With these names it loads{'; that they mean the same is a guess' if guessed else ''}."
    return f"Then {counted(fix.fit.matched, 'name')} fit; left over: {_troubles(fix.fit)}."


def _troubles(fit: Fit) -> str:
    missing = f"{counted(len(fit.missing), 'name')} missing" if fit.missing else ""
    unexpected = f"{len(fit.unexpected):,} unexpected" if fit.unexpected else ""
    reshaped = sum(each.error is None for each in fit.mismatched)
    mismatched = f"{reshaped:,} of another shape" if reshaped else ""
    others = len(fit.mismatched) - reshaped
    refused = f"{others:,} that cannot be copied" if others else ""
    return ", ".join(each for each in (missing, unexpected, mismatched, refused) if each)


def fix_words(renaming: Renaming) -> str:
    """``Replace “layer.” by “layers.”, then take “module.” off the names.``"""
    steps = []
    for option in renaming.rename:
        old, new = replaced(option)
        steps.append(f"replace “{old}” by “{new}”" if old else f"put “{new}” before the names")
    steps += [f"take “{prefix}” off the names" for prefix in renaming.strip]
    text = ", then ".join(steps)
    return f"{text[:1].upper()}{text[1:]}."
