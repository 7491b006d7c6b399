import socket

import pytest

from ckptgui.cli.display import has_display


def test_offscreen_counts_as_a_display():
    assert has_display({"QT_QPA_PLATFORM": "offscreen"})
    assert has_display({"QT_QPA_PLATFORM": "offscreen:size=1x1"})


@pytest.mark.parametrize(
    "environment",
    [{}, {"DISPLAY": ""}, {"DISPLAY": "nonsense"}, {"DISPLAY": ":64999"}, {"QT_QPA_PLATFORM": "xcb"}],
)
def test_without_a_server_there_is_none(environment):
    assert not has_display(environment)


def test_wayland_counts():
    assert has_display({"WAYLAND_DISPLAY": "wayland-0"})


def test_a_server_on_tcp_is_found_while_it_answers():
    with socket.socket() as server:
        for number in range(60, 200):
            try:
                server.bind(("127.0.0.1", 6000 + number))
                break
            except OSError:
                continue
        server.listen()
        assert has_display({"DISPLAY": f"127.0.0.1:{number}.0"})
    assert not has_display({"DISPLAY": f"127.0.0.1:{number}.0"})
