"""One of the trials of ``tests.device.trials``, of the sort that nothing else here covers."""

from tests.device.trials import run


def test_a_device_that_hangs_in_the_middle_leaves_nothing_over_and_is_told(tmp_path):
    ends = run(1, 3, tmp_path, faults=("hang",))
    assert ends == {("hang", "DeviceLostError"): 1}
