"""One change of names that explains many: learned from pairs of names, tried on others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

Parts = tuple[str, ...]

MAX_RULES = 64
MIN_EXPLAINED = 2
"""Pairs from which a change is a rule, where nothing but the rule speaks for a pair."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Some parts of a name in place of others: wherever they stand, or ``in_front`` alone."""

    old: Parts
    new: Parts
    in_front: bool

    def __str__(self) -> str:
        return f"{'.'.join(self.old) or 'nothing'} → {'.'.join(self.new) or 'nothing'}"

    def apply(self, parts: Parts) -> Parts | None:
        """The name with the parts replaced where they stand first; None where they do not."""
        size = len(self.old)
        for at in (0,) if self.in_front else range(len(parts) - size + 1):
            if parts[at : at + size] == self.old and len(parts) - size + len(self.new):
                return (*parts[:at], *self.new, *parts[at + size :])
        return None


class Rules:
    """What was learned: whole changes, and words in place of others for names with as many parts."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        rules: Counter[Rule] = Counter()
        words: Counter[tuple[str, str]] = Counter()
        for old, new in pairs:
            before, after = tuple(old.split(".")), tuple(new.split("."))
            rules[_rule(before, after)] += 1
            if len(before) == len(after):
                words.update({(x, y) for x, y in zip(before, after) if x != y})
        self._rules = rules.most_common(MAX_RULES)
        self._words: dict[str, str] = {}
        for (old_word, new_word), _ in words.most_common():
            self._words.setdefault(old_word, new_word)

    def proposals(self, name: str, least: int = 1) -> list[tuple[str, str]]:
        """What a name may have become, with the rule in words; of rules that explain ``least`` pairs or more."""
        parts = tuple(name.split("."))
        found: dict[str, str] = {}
        for rule, count in self._rules:
            new = rule.apply(parts) if count >= least else None
            if new is not None:
                found.setdefault(".".join(new), str(rule))
        replaced = tuple(self._words.get(part, part) for part in parts)
        if replaced != parts:
            changes = dict.fromkeys(f"{x} → {y}" for x, y in zip(parts, replaced) if x != y)
            found.setdefault(".".join(replaced), ", ".join(changes))
        return list(found.items())


def _rule(before: Parts, after: Parts) -> Rule:
    """What is left of both without the parts at the beginning and the end that they share."""
    most = min(len(before), len(after))
    front = next((at for at in range(most) if before[at] != after[at]), most)
    most -= front
    back = next((at for at in range(most) if before[-1 - at] != after[-1 - at]), most)
    return Rule(before[front : len(before) - back], after[front : len(after) - back], in_front=not front)
