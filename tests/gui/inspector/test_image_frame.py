"""The frame over a matrix: whole pixels a value or whole values a pixel, and never beside the matrix."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckptgui.engine.pyramid import block_for, offers
from ckptgui.gui.inspector.image.frame import CLOSEST, Axis, Frame, closer_axis, farther_axis, filling_axis
from ckptgui.gui.inspector.image.shading import Limits, usual_limits

sizes = st.tuples(st.integers(1, 60_000), st.integers(1, 60_000))
rooms = st.tuples(st.integers(40, 1200), st.integers(40, 1600))


def offered(size):
    block = block_for(size, 1 << 22)
    return lambda values, axis: offers(block, values, axis)


def check(frame, offer):
    """What holds for every frame."""
    for number, (axis, n, room, start) in enumerate(
        zip(frame.axes, frame.size, frame.room, (frame.top, frame.left))
    ):
        assert axis.pixels == 1 or axis.values == 1
        assert 1 <= axis.pixels <= CLOSEST and (axis.values == 1 or offer(axis.values, number))
        assert 0 <= start <= max(0, axis.length(n) - room)
    for part, n, step in zip(frame.visible(), frame.size, frame.block):
        assert 0 <= part.start < part.stop <= n and part.start % step == 0


@settings(max_examples=60, deadline=None)
@given(sizes, rooms, st.lists(st.tuples(st.sampled_from("+-m"), st.floats(0, 1), st.floats(0, 1)), max_size=14))
def test_any_way_through_a_matrix_stays_in_it(size, room, steps):
    offer = offered(size)
    frame = Frame(size, room, Axis(), Axis()).first(offer)
    check(frame, offer)
    for kind, y, x in steps:
        y, x = y * room[0], x * room[1]
        if kind == "m":
            frame = frame.moved(round(y - room[0] / 2), round(x - room[1] / 2))
        else:
            frame = frame.closer(y, x, offer) if kind == "+" else frame.farther(y, x, offer)
        check(frame, offer)


@settings(max_examples=60, deadline=None)
@given(sizes, rooms)
def test_all_of_a_matrix_fits_and_is_the_farthest(size, room):
    offer = offered(size)
    frame = Frame(size, room, Axis(), Axis()).fitted(offer)
    check(frame, offer)
    assert frame.whole
    far = Frame(size, room, Axis(), Axis()).first(offer)
    for _ in range(60):
        far = far.farther(0, 0, offer)
    assert far.whole


def test_a_step_closer_leaves_what_is_under_the_mouse():
    frame = Frame((5000, 5000), (300, 400), Axis(), Axis(), 1000, 2000)
    offer = offered(frame.size)
    for _ in range(6):
        closer = frame.closer(150, 90, offer)
        assert closer.value_at(150, 90) == frame.value_at(150, 90)
        frame = closer


def test_values_become_square_on_the_way_closer():
    offer = offered((50_000, 60))
    frame = Frame((50_000, 60), (200, 400), Axis(), Axis()).fitted(offer)
    assert frame.down.values > 100 and frame.across.pixels >= 1
    for _ in range(40):
        frame = frame.closer(0, 0, offer)
    assert frame.down == frame.across == Axis(CLOSEST)


@pytest.mark.parametrize(
    ("size", "room", "down", "across"),
    [
        ((4096, 1024), (235, 416), 1, 1),
        ((10, 3072), (235, 416), 12, 1),
        ((3, 5), (235, 416), 64, 64),
        ((40, 50), (235, 416), 5, 5),
    ],
)
def test_the_first_view(size, room, down, across):
    frame = Frame(size, room, Axis(), Axis()).first(offered(size))
    assert (frame.down, frame.across) == (Axis(down), Axis(across))


def test_kernels_are_square_at_first_where_they_scroll():
    frame = Frame((96, 48), (125, 425), Axis(), Axis())
    kernels = frame.first(offered(frame.size), least=4)
    assert (kernels.down, kernels.across) == (Axis(4), Axis(4))


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.integers(1, 3000), st.integers(1, 40_000_000)), st.integers(40, 2600))
def test_a_line_takes_all_of_the_width(n, room):
    offer = offered((1, n))
    axis = filling_axis(n, room, 1, offer)
    assert axis.length(n) == room and axis.pixels >= 1 and (axis.values == 1 or offer(axis.values, 1))
    assert axis.values == 1 if n <= room else axis.values > 1
    frame = Frame((1, n), (1, room), Axis(), axis)
    assert frame.whole and frame.visible() == (range(1), range(n))
    assert frame.value_at(0, 0) == (0, 0)
    assert frame.value_at(0, room - 0.5) == (0, (n - 1) // axis.values * axis.values)
    for column in {0, n // 3, n - 1}:
        first = column // axis.values * axis.values
        assert frame.value_at(0, frame.pixel_of(0, first)[1] + axis.pixels / 2) == (0, first)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10_000_000), st.integers(40, 2600))
def test_steps_from_a_filled_width_lead_closer_and_farther(n, room):
    offer = offered((1, n))
    filled = filling_axis(n, room, 1, offer)
    closer = closer_axis(filled, 1, offer)
    assert closer.scale > filled.scale or filled.pixels >= CLOSEST
    assert farther_axis(filled, 1, offer).scale < filled.scale or filled.scale == 1
    assert farther_axis(closer, 1, offer).scale < closer.scale


def test_limits_are_even_about_zero_where_there_are_both_signs():
    assert usual_limits(-2.0, 3.0, -9.0, 9.0) == Limits(-3.0, 3.0)
    assert usual_limits(1.0, 3.0, 0.5, 9.0) == Limits(1.0, 3.0)
    assert usual_limits(0.0, 0.0, -4.0, 2.0) == Limits(-4.0, 4.0)
    assert usual_limits(2.5, 2.5, 2.5, 2.5) == Limits(0.0, 2.5)
    assert usual_limits(0.0, 0.0, 0.0, 0.0) == Limits(0.0, 1.0)
    assert usual_limits(-2.5, -2.5, -2.5, -2.5) == Limits(-2.5, 0.0)
