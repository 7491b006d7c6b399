"""Background work begins once, ends once, and stops when it is asked to."""

import os
import sys
import threading

import pytest

from ckptgui.engine.job import Cancel, Jobs, Progress, State
from ckptgui.errors import Cancelled, UnreadableFileError


@pytest.fixture
def jobs():
    jobs = Jobs(threads=2)
    yield jobs
    assert jobs.shutdown(5)


def until_cancelled(cancel, report):
    while True:
        cancel.check()


def test_a_result_is_handed_on_once_after_its_progress(jobs):
    heard, ended = [], []

    def work(cancel, report):
        report(Progress(1, 2, "half"))
        return 42

    job = jobs.start(work, ended.append, heard.append)
    assert job.wait(5)
    assert (job.state, job.result, ended, heard) == (State.SUCCESS, 42, [job], [Progress(1, 2, "half")])


def test_a_failure_is_kept_whole(jobs):
    def work(cancel, report):
        raise UnreadableFileError("There is no such file.")

    job = jobs.start(work)
    assert job.wait(5)
    assert job.state is State.ERROR
    assert isinstance(job.error, UnreadableFileError)


def test_a_cancelled_job_is_no_error(jobs):
    job = jobs.start(until_cancelled)
    job.cancel()
    assert job.wait(5)
    assert (job.state, job.error) == (State.CANCELLED, None)


def test_a_job_that_was_cancelled_before_it_began_ends_too():
    jobs = Jobs(threads=1)
    first = jobs.start(until_cancelled)
    ended = []
    second = jobs.start(lambda cancel, report: 1, ended.append)
    second.cancel()
    first.cancel()
    assert second.wait(5)
    assert (second.state, ended) == (State.CANCELLED, [second])
    assert jobs.shutdown(5)


def test_nothing_begins_after_the_shutdown_and_nothing_is_left():
    jobs = Jobs(threads=2)
    running = jobs.start(until_cancelled)
    assert jobs.shutdown(5)
    assert running.state is State.CANCELLED
    late = jobs.start(lambda cancel, report: 1)
    assert late.state is State.CANCELLED
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ckptgui-job")]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_a_job_gives_way_to_the_thread_that_shows_it(jobs):
    def work(cancel, report):
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    job = jobs.start(work)
    assert job.wait(5)
    assert job.result > os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_cancel_within_another_hears_both():
    whole = Cancel()
    one, other = Cancel(whole), Cancel(whole)
    one.cancel()
    assert (one.requested, other.requested, whole.requested) == (True, False, False)
    whole.cancel()
    with pytest.raises(Cancelled):
        other.check()
