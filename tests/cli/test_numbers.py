import pytest

from ckptgui.core.plain_numbers import count, figure, shape, size


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (4 << 20, "4.0 MiB"),
        (5 << 28, "1.25 GiB"),
        (1048575, "1.0 MiB"),
    ],
)
def test_sizes_count_in_1024(nbytes, text):
    assert size(nbytes) == text


def test_shapes_counts_and_figures():
    assert shape((4096, 3)) == "4,096 × 3" and shape(()) == "scalar"
    assert count(1, "tensor") == "1 tensor" and count(2048, "tensor") == "2,048 tensors"
    assert figure(None) == "–" and figure(1234567) == "1,234,567" and figure(0.123456) == "0.1235"
    assert figure(float("inf")) == "inf"
