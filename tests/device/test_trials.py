"""A few of the trials of ``tests.device.trials``, those that nothing else here covers."""

from tests.device.trials import run


def test_faults_at_random_moments_leave_nothing_over_and_are_told(tmp_path):
    ends = run(2, 3, tmp_path, faults=("hang", "stop from outside"))
    assert sum(ends.values()) == 2
