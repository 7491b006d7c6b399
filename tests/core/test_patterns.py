"""Patterns fit what ``re`` and ``fnmatch`` fit, in one pass; what would need more is refused in a sentence."""

import fnmatch
import re
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckptgui.core.tree.pattern_machine import Machine
from ckptgui.core.tree.pattern_syntax import PatternError, glob, regex, word

NAMES = ["", "a", "b", "ab", "aab", "abc", "a.b", "a1_b", "layers.10.w", "x-y z", "é", "ab\n", "bbbb", "aaaaaaab"]
PATTERNS = [
    "", "a", "ab|c", "^a", "b$", "^$", "a*b", "a+b", "a?b", "(a|b)+$", r"\d", r"\D", r"\w+\.\w", r"\s", r"\S$",
    "[ab]", "[^ab]", "[a-c]{2}", "[]a]", "[^]a]", r"[\d_]", "a{2}", "a{2,}b", "a{1,2}b", "^a{,2}b", "a{x}",
    "(?:ab)+", "(?P<n>a)b", r"\ba", r"b\b", r"\Bb", r"^\b", ".", "^.{2}$", "a.b", r"a\.b", "a|", "(a*)*b",
    "(a|aa)+$", "[a-]", r"\Ab", r"b\Z", "a*?b", r"[\w.]+$", "é", r"[^\W\d]",
]  # fmt: skip


def fits(pattern, names, whole=False):
    lowered = [name.lower() for name in names]
    alphabet = sorted({char for name in lowered for char in name} | {"."})
    machine = Machine(pattern, alphabet, whole)
    found = []
    for name in lowered:
        state = np.array([machine.start], np.int32)
        for char in name:
            state = machine.step(state, np.array([alphabet.index(char)]))
        found.append(bool(machine.fits(state)[0]))
    return found


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_regular_expression_fits_what_re_fits(pattern):
    names = [name for name in NAMES if not name.endswith("\n") or not {"$", "."} & set(pattern)]
    wanted = [re.search(pattern, name, re.IGNORECASE) is not None for name in names]
    assert fits(regex(pattern), names) == wanted


PIECES = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\d", r"\b", "^", "$", "1"])
ATOMS = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}"])).map(lambda p: f"(?:{p[0]}){p[1]}"),
    ),
    max_leaves=6,
)


@given(ATOMS, st.lists(st.text(alphabet="ab1._", max_size=6), min_size=1, max_size=6))
def test_any_regular_expression_fits_what_re_fits(pattern, names):
    wanted = [re.search(pattern, name) is not None for name in names]
    assert fits(regex(pattern), names) == wanted


@given(st.text(alphabet="ab.*?[]!-", max_size=8), st.lists(st.text(alphabet="ab.-!", max_size=6), min_size=1))
def test_any_glob_fits_what_fnmatch_fits_from_any_dot(pattern, names):
    def wanted(name):
        parts = name.split(".")
        return any(fnmatch.fnmatchcase(".".join(parts[at:]), pattern) for at in range(len(parts)))

    assert fits(glob(pattern), names, whole=True) == [wanted(name) for name in names]


@given(st.text("aB.é", min_size=1, max_size=4), st.lists(st.text("ab.é", max_size=9), min_size=1))
def test_a_word_fits_where_it_stands(text, names):
    assert fits(word(text), names) == [text.lower() in name for name in names]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a", "a ( without its )"),
        ("a)", "a ) without its ("),
        ("[a", "the ] of a ["),
        ("*a", "nothing to repeat"),
        ("a**", "repeat is repeated"),
        (r"(a)\1", "References"),
        ("(?=a)", "ahead and behind"),
        ("a++", "Possessive"),
        (r"\q", "means nothing"),
        ("[b-a]", "no order"),
        ("a{3,2}", "wrong way round"),
        ("a{9999}", "At most 256"),
        ("a\\", "after \\"),
        ("(?P<n", "does not end"),
        ("(" * 99, "too deeply"),
        ("((a{200}){200}){200}", "too long"),
    ],
)
def test_what_is_not_possible_is_said(pattern, says):
    with pytest.raises(PatternError, match=re.escape(says)):
        fits(regex(pattern), ["a"])


def test_a_pattern_that_takes_re_for_ever_takes_a_moment():
    began = time.process_time()
    assert fits(regex("^(a+)+$"), ["a" * 500 + "b", "a" * 500]) == [False, True]
    assert fits(regex("(a|a)*b" * 5), ["a" * 300]) == [False]
    assert time.process_time() - began < 5  # re would not live to see the end


def test_a_pattern_of_very_many_steps_is_refused_before_it_takes_long():
    rng = np.random.default_rng(0)
    names = ["".join(rng.choice(["a", "b", "c"], 300)) for _ in range(40)]
    began = time.process_time()
    with pytest.raises(PatternError, match="too involved"):
        fits(regex("(a.{0,200}b){9}c$"), names)
    assert time.process_time() - began < 20


def test_a_pattern_of_too_many_situations_is_refused():
    rng = np.random.default_rng(0)
    names = ["".join(rng.choice(["a", "b"], 400)) for _ in range(40)]
    with pytest.raises(PatternError, match="too involved"):
        fits(regex("a.{14}c"), names)
