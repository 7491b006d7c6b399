"""What modules are called once their tensors have new names, so that their versions go along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence


def new_module_names(modules: Iterable[str], sources: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """From each module to what it is called now, as its tensors tell, or those of a module around it.

    Wrappers of which nothing is left are not among them. A module is renamed where a tensor's name changed in
    front and the rest of it, below the module, stayed.
    """
    found: dict[str, str] = {}
    for source, name in zip(sources, names):
        while source and name:
            source, _, old_end = source.rpartition(".")
            name, _, new_end = name.rpartition(".")
            if old_end != new_end or source in found:
                break
            found[source] = name
    tops = [module for module, name in found.items() if module and not name]
    wrappers = {module for top in tops for module in _around(top)} - found.keys()
    return {module: _by_nearest(module, found) for module in modules if module not in wrappers}


def _around(module: str) -> Iterator[str]:
    """The modules around one, from the inside."""
    while module := module.rpartition(".")[0]:
        yield module


def _by_nearest(module: str, found: Mapping[str, str]) -> str:
    """The name by the nearest module around it that is known, for one without tensors."""
    around, below = module, ""
    while around not in found:
        if not around:
            return module
        around, _, last = around.rpartition(".")
        below = f".{last}{below}"
    return f"{found[around]}{below}".removeprefix(".")
