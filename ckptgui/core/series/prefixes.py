"""Names without what wrappers put before them, and without ``model.`` and the like where that does no harm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Names = tuple[str, ...]

HOLDERS = (
    "model.", "_model.", "net.", "network.", "state_dict.", "model_state_dict.", "ema_model.", "online_model.",
    "_forward_module.",
)  # fmt: skip
"""How objects call the model that they hold: goes where every name has it, or the other side matches better."""

_SIGNS = ("module.", "_orig_mod.")
"""What DistributedDataParallel and torch.compile put before names; FSDP's wrappers end in one of them as well."""

_SURE_SIGNS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
_SURE = r"(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
_IN_FRONT = re.compile(rf"^(?:module\.|{_SURE})+", re.MULTILINE)
_WITHIN = re.compile(rf"(?<=\.)(?<!\.module\.)(?:module\.)*(?:{_SURE}(?:module\.)*)+")
_SURE_ANYWHERE = re.compile(rf"(?:^|(?<=\.))(?<!\.module\.)(?:module\.)*(?:{_SURE}(?:module\.)*)+", re.MULTILINE)
_WRAPPERS_IN_FRONT = ("module.", "_forward_module.")
_MODULE_WITHIN = re.compile(r"(?<=\.)(?:module\.)+")
_MOST = 32
"""Times that something is taken off; names that go on and on are somebody's joke."""

_PART = re.compile(r"[^.]*\.")


@dataclass(frozen=True, slots=True)
class Bare:
    """Names, one for one, and what was taken off of any of them, in the order in which it was found."""

    names: Names
    stripped: tuple[str, ...] = ()


def bare(names: Names) -> Bare:
    """Wrappers' prefixes taken off, and then what every name begins with, again and again.

    Where two names would become one by that, the prefix stays.
    """
    found = Bare(names)
    for _ in range(_MOST):
        before = found
        front = next((each for each in (*_SIGNS, *HOLDERS) if _all_begin(found.names, each)), None)
        if front is not None:  # as of most: quicker than a search through all names
            cut = len(front)
            found = Bare(tuple([name[cut:] for name in found.names]), _more(found.stripped, [front]))
            continue
        text = "\n".join(found.names)
        if any(sign in text for sign in _SIGNS):
            for pattern in (_IN_FRONT, _WITHIN):
                found = _without(found, pattern)
        if found is before:
            break
    return found


def unwrapped(names: Names) -> Names:
    """The names without wrappers' prefixes, at the front and within; two may become one by that.

    ``module.`` goes from the front only where all names begin with it: elsewhere it may be a module of that name.
    """
    for _ in range(_MOST):
        before = names
        front = next((each for each in _WRAPPERS_IN_FRONT if _all_begin(names, each)), None)
        if front is not None:
            names = tuple([name[len(front) :] for name in names])
        elif _has_wrapper("\n".join(names)):
            names = tuple([_SURE_ANYWHERE.sub("", name) for name in names])
        if names == before:
            break
    return names


def _has_wrapper(text: str) -> bool:
    """Looked for letter by letter first: of most models the expression would search 100,000 names in vain."""
    return any(sign in text for sign in _SURE_SIGNS) and _SURE_ANYWHERE.search(text) is not None


def matched_better(sides: Sequence[Bare], own: Sequence[Sequence[str]] = ()) -> list[Bare]:
    """Some distinct sides, each without the holders by whose absence more of its names are in the others.

    ``own`` are further prefixes of each side that may go, as of the sections that it is of.
    """
    found = list(sides)
    for _ in range(len(HOLDERS)):
        variants = [_variants(side, own[at] if own else ()) for at, side in enumerate(found)]
        if not any(variants):
            break
        elsewhere = _in_several(_all_names(side, variants[at]) for at, side in enumerate(found))
        better = [_best(side, variants[at], elsewhere) for at, side in enumerate(found)]
        if all(new is old for new, old in zip(better, found)):
            break
        found = better
    return found


def _best(side: Bare, variants: Sequence[Bare], elsewhere: set[str]) -> Bare:
    """The variant of which most names are elsewhere; the side itself if none has more."""
    return max((side, *variants), key=lambda each: len(elsewhere.intersection(each.names)))


def _in_several(sides: Iterable[set[str]]) -> set[str]:
    seen: set[str] = set()
    several: set[str] = set()
    for names in sides:
        several |= seen & names
        seen |= names
    return several


def _all_names(side: Bare, variants: Sequence[Bare]) -> set[str]:
    return set(side.names).union(*(variant.names for variant in variants))


def _variants(side: Bare, own: Sequence[str]) -> list[Bare]:
    """The side without each of what may go, as far as something does and no two names become one."""
    text = "\n".join(side.names)
    patterns = [re.compile(f"^{re.escape(each)}", re.M) for each in (*HOLDERS, *own) if _is_in_front(text, each)]
    if ".module." in text:
        patterns.append(_MODULE_WITHIN)
    return [new for new in (_without(side, pattern) for pattern in patterns) if new is not side]


def _is_in_front(text: str, prefix: str) -> bool:
    return text.startswith(prefix) or f"\n{prefix}" in text


def _without(side: Bare, pattern: re.Pattern[str]) -> Bare:
    """The names without what a pattern finds; the side itself where it finds nothing or that tells names apart."""
    text = "\n".join(side.names)
    found = pattern.findall(text)
    if not found:
        return side
    names = tuple(pattern.sub("", text).split("\n"))
    if len(names) != len(side.names):  # a name of several lines
        names = tuple(pattern.sub("", name) for name in side.names)
    if "" in names or len(set(names)) < len(set(side.names)):
        return side
    parts = [part for each in dict.fromkeys(found) for part in _PART.findall(each)]
    return Bare(names, _more(side.stripped, parts))


def _more(stripped: tuple[str, ...], new: Sequence[str]) -> tuple[str, ...]:
    return (*stripped, *(each for each in dict.fromkeys(new) if each not in stripped))


def _all_begin(names: Names, prefix: str) -> bool:
    return bool(names) and all(name.startswith(prefix) and len(name) > len(prefix) for name in names)
