"""The more urgent job goes first; who waits is heard by his cancel, and loses nothing."""

import threading
from contextlib import suppress

import pytest

from ckptgui.engine.gate import Gate, Urgency
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled


def checking(turn):
    """A thread that checks once, and whether it came through."""
    through = threading.Event()

    def work():
        with suppress(Cancelled):
            turn.check()
        through.set()

    threading.Thread(target=work, daemon=True).start()
    return through


def test_a_job_waits_for_a_more_urgent_one_and_goes_on_after_it():
    gate = Gate()
    with gate.turn(Cancel(), Urgency.FRONT) as whole:
        with gate.turn(Cancel(), Urgency.SELECTED) as selected:
            selected.check()
            through = checking(whole)
            assert not through.wait(0.1)
        assert through.wait(5)


def test_jobs_that_are_equally_urgent_do_not_wait_for_each_other():
    gate = Gate()
    with gate.turn(Cancel(), Urgency.FRONT) as one, gate.turn(Cancel(), Urgency.FRONT) as other:
        one.check()
        other.check()


def test_a_job_that_waits_is_ended_by_its_cancel():
    gate, cancel = Gate(), Cancel()
    with gate.turn(cancel, Urgency.BEHIND) as behind, gate.turn(Cancel(), Urgency.FRONT):
        through = checking(behind)
        cancel.cancel()
        assert through.wait(5)
        with pytest.raises(Cancelled):
            behind.check()


def test_a_job_may_become_urgent_while_it_waits():
    gate = Gate()
    with gate.turn(Cancel(), Urgency.BEHIND) as tab, gate.turn(Cancel(), Urgency.VISIBLE):
        through = checking(tab)
        assert not through.wait(0.05)
        gate.let(tab, Urgency.VISIBLE)
        assert through.wait(5)


def test_a_job_that_fails_leaves_the_gate_open():
    gate = Gate()
    with gate.turn(Cancel(), Urgency.FRONT) as whole:
        with pytest.raises(ZeroDivisionError), gate.turn(Cancel(), Urgency.SELECTED):
            raise ZeroDivisionError
        whole.check()
