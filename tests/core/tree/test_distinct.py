"""Equal stretches of a text get equal numbers, in order of appearance, whatever their bytes are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ckptgui.core.tree import distinct
from ckptgui.core.tree.distinct import Bytes
from ckptgui.core.tree.radix import stable_order

TEXTS = st.lists(st.text(alphabet="ab\0é日", max_size=20), max_size=30)


def stretches(words):
    lengths = np.array([len(word.encode()) for word in words], np.int64)
    return Bytes("".join(words)), np.cumsum(lengths) - lengths, lengths


@given(TEXTS)
def test_equal_words_get_one_number_each_in_order_of_appearance(words):
    text, start, length = stretches(words)
    found = text.distinct(start, length)
    numbers = {}
    assert found.number.tolist() == [numbers.setdefault(word, len(numbers)) for word in words]
    assert [words[index] for index in found.first.tolist()] == list(numbers)


@given(TEXTS, st.lists(st.integers(0, 2), min_size=30, max_size=30))
def test_equal_words_of_two_groups_are_two(words, groups):
    text, start, length = stretches(words)
    found = text.distinct(start, length, np.array(groups[: len(words)], np.int32))
    numbers = {}
    wanted = [numbers.setdefault(pair, len(numbers)) for pair in zip(words, groups)]
    assert found.number.tolist() == wanted


@given(TEXTS)
def test_gathered_words_end_where_they_end_as_text(words):
    text, start, length = stretches(words)
    taken, ends = text.gathered(start, length)
    assert taken == "".join(words)
    assert ends.tolist() == np.cumsum([len(word) for word in words]).tolist()


def test_names_that_collide_are_told_apart_all_the_same(monkeypatch):
    monkeypatch.setattr(distinct, "_ODD", (np.uint64(0),) * 3)  # every key is 0 now
    words = ["a", "b", "a", "long enough for two words", "b", "long enough for two wordz"]
    text, start, length = stretches(words)
    found = text.distinct(start, length)
    assert found.number.tolist() == [0, 1, 0, 2, 1, 3]
    assert found.first.tolist() == [0, 1, 3, 5]


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_an_order_is_stable(numbers):
    keys = np.array(numbers, np.int64)
    assert stable_order(keys).tolist() == sorted(range(len(numbers)), key=numbers.__getitem__)
