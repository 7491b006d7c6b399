"""Which stretches of one text are equal, for a million of them at once and without a string for each.

Stretches are compared eight bytes at a time. Where they have to be gathered from all over the text a 64-bit hash
brings equal ones together; every answer is then checked against the bytes, so a collision costs time and no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.tree.radix import stable_order

_MASKS = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))
_SHIFT = np.uint64(29)
_ALL = (1 << 64) - 1
_LONG = 1024
"""Bytes from which on the rest of a stretch is taken at once: a name of megabytes has too many words."""


class Bytes:
    """The UTF-8 bytes of a text, read eight at a time at any place."""

    __slots__ = ("_words", "data")

    def __init__(self, text: str) -> None:
        encoded = text.encode("utf-8", "surrogatepass")
        self.data = np.zeros(len(encoded) + 8, np.uint8)  # what is read behind the last byte is masked away
        self.data[:-8] = np.frombuffer(encoded, np.uint8)
        self._words = np.ndarray((len(encoded) + 1,), "<u8", self.data.data, strides=(1,))

    def __len__(self) -> int:
        return len(self.data) - 8

    def word(self, start: np.ndarray, left: np.ndarray) -> np.ndarray:
        """uint64: up to eight bytes from each ``start``, of which only ``left`` count."""
        return np.asarray(self._words[start] & _MASKS[np.minimum(left, 8)])

    def like_before(self, start: np.ndarray, length: np.ndarray) -> np.ndarray:
        """bool for each stretch but the first: whether it has the bytes of the one before."""
        return self._equal(start[1:], start[:-1], length[1:], length[:-1])

    def _equal(self, start: np.ndarray, other: np.ndarray, length: np.ndarray, length2: np.ndarray) -> np.ndarray:
        same = length == length2
        place, at = 0, np.flatnonzero(same & (length > 0))
        while len(at):
            if place >= _LONG:
                for row in at.tolist():
                    same[row] = self._rest(start, length, row, place) == self._rest(other, length, row, place)
                break
            left = length[at] - place
            differ = self.word(start[at] + place, left) != self.word(other[at] + place, left)
            same[at[differ]] = False
            place += 8
            at = at[~differ & (left > 8)]
        return np.asarray(same)

    def _rest(self, start: np.ndarray, length: np.ndarray, row: int, place: int) -> bytes:
        """The bytes of a long stretch from ``place`` on."""
        return self.data[int(start[row]) + place : int(start[row]) + int(length[row])].tobytes()

    def distinct(self, start: np.ndarray, length: np.ndarray, group: np.ndarray | None = None) -> Distinct:
        """Number the stretches so that equal ones of one group get one number, in order of appearance."""
        keys = length.astype(np.uint64) * _ODD[0]
        if group is not None:
            keys ^= group.astype(np.uint64) * _ODD[1]
        place, at = 0, np.flatnonzero(length > 0)
        while len(at):
            if place >= _LONG:
                for row in at.tolist():
                    keys[row] ^= np.uint64(hash(self._rest(start, length, row, place)) & _ALL)
                break
            left = length[at] - place
            mixed = (keys[at] ^ self.word(start[at] + place, left)) * _ODD[2]
            keys[at] = mixed ^ (mixed >> _SHIFT)
            place += 8
            at = at[left > 8]
        keys *= _ODD[0]
        first, number = _grouped(keys)
        same_as = first[number]
        again = np.flatnonzero(same_as != np.arange(len(start)))
        other = same_as[again]
        right = self._equal(start[again], start[other], length[again], length[other])
        if group is not None:
            right &= group[again] == group[other]
        if not right.all():
            return self._one_by_one(start, length, group)
        return _in_order_of_appearance(first, number)

    def _one_by_one(self, start: np.ndarray, length: np.ndarray, group: np.ndarray | None) -> Distinct:
        """The same without hashes of our own: someone made a file whose names collide."""
        numbers: dict[tuple[int, bytes], int] = {}
        groups = [0] * len(start) if group is None else group.tolist()
        data = self.data.tobytes()
        first: list[int] = []
        number = np.zeros(len(start), np.int64)
        for index, (begin, count, of) in enumerate(zip(start.tolist(), length.tolist(), groups)):
            number[index] = numbers.setdefault((of, data[begin : begin + count]), len(numbers))
            if len(numbers) > len(first):
                first.append(index)
        return Distinct(number.astype(np.int32), np.array(first, np.int64))

    def gathered(self, start: np.ndarray, length: np.ndarray) -> tuple[str, np.ndarray]:
        """Stretches end to end as a text, and where each ends in it (int64, in characters)."""
        pieces: list[str] = []
        chars = np.zeros(len(start), np.int64)
        for low in range(0, len(start), _CHUNK):
            begin, count = start[low : low + _CHUNK], length[low : low + _CHUNK].astype(np.int64)
            ends = np.cumsum(count)
            total = int(ends[-1])
            taken = self.data[np.arange(total) + np.repeat(begin - (ends - count), count)]
            pieces.append(taken.tobytes().decode("utf-8", "surrogatepass"))
            if len(pieces[-1]) != total:
                heads = np.concatenate([[0], np.cumsum((taken & 0xC0) != 0x80)])
                count = heads[ends] - heads[ends - count]
            chars[low : low + _CHUNK] = count
        return "".join(pieces), np.cumsum(chars)


_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Distinct:
    """``number`` (int32) for each stretch; ``first`` (int64), where each number appears first, ascending."""

    number: np.ndarray
    first: np.ndarray


def _grouped(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each different key appears first, by key, and which of them every key is."""
    order = stable_order(keys)
    ranked = keys[order]
    new = np.ones(len(keys), bool)
    new[1:] = ranked[1:] != ranked[:-1]
    number = np.empty(len(keys), np.int32)
    number[order] = np.cumsum(new, dtype=np.int32) - 1
    return order[new], number


def _in_order_of_appearance(first: np.ndarray, number: np.ndarray) -> Distinct:
    order = np.argsort(first)
    renumbered = np.empty(len(first), np.int32)
    renumbered[order] = np.arange(len(first), dtype=np.int32)
    return Distinct(renumbered[number], first[order])
