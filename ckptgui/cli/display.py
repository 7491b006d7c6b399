"""Whether a window could be shown here, answered without loading Qt."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping

_NEEDS_SERVER = ("xcb", "wayland")
_TIMEOUT = 1.0


def has_display(environment: Mapping[str, str] = os.environ) -> bool:
    """True when Qt will find a screen: a server that answers, or a platform of its own (``offscreen``)."""
    platform = environment.get("QT_QPA_PLATFORM", "").split(";")[0].split(":")[0]
    if platform and not platform.startswith(_NEEDS_SERVER):
        return True
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(environment.get("WAYLAND_DISPLAY")) or _x_server_answers(environment.get("DISPLAY", ""))


def _x_server_answers(name: str) -> bool:
    """Qt ends the process with SIGABRT when ``DISPLAY`` names a server that is gone, so knock first."""
    host, colon, number = name.rpartition(":")
    number = number.split(".")[0]
    if not colon or not number.isdecimal():
        return False
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"
        return _answers(socket.AF_UNIX, path) or (
            sys.platform == "linux" and _answers(socket.AF_UNIX, f"\0{path}")
        )
    return _answers(socket.AF_INET, (host, 6000 + int(number)))


def _answers(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(_TIMEOUT)
            probe.connect(address)
            return True
    except (OSError, OverflowError):
        return False
