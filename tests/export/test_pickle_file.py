"""Opcodes by hand: Python's own unpickler, and torch's, must read what was meant."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptgui.export.pickle_file import MARK, TUPLE, PickleWriter, long_bytes


def read(say):
    writer = PickleWriter()
    say(writer)
    return pickle.loads(writer.finish())


@given(
    st.integers() | st.integers(-(2**40), 2**40) | st.sampled_from([2**k + d for k in range(70) for d in (-1, 0)])
)
def test_integers_are_encoded_as_python_does(number):
    assert read(lambda writer: writer.integer(number)) == number
    assert long_bytes(number) == pickle.encode_long(number)


@given(st.floats())
def test_floats_come_back(number):
    back = read(lambda writer: writer.real(number))
    assert back == number or (math.isnan(back) and math.isnan(number))


@pytest.mark.parametrize("text", ["", "ünï", "\ud800", "a\nb", "x" * 300])
def test_texts_come_back_half_characters_too(text):
    assert read(lambda writer: writer.text(text)) == text


@pytest.mark.parametrize("length", range(6))
def test_tuples_of_every_length(length):
    assert read(lambda writer: writer.numbers(tuple(range(length)))) == tuple(range(length))


def test_what_is_said_often_is_fetched_from_the_memo_however_far_it_is():
    def say(writer):
        writer.op(MARK)
        for number in range(400):
            writer.text(f"t{number}")
        writer.constant("late")
        writer.constant("late")
        writer.op(TUPLE)

    result = read(say)
    assert result[-1] == result[-2] == "late"
    assert result[-1] is result[-2]
