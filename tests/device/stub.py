"""A process that speaks the wire and then fails in one of the ways in which processes fail. It needs no torch."""

import os
import signal
import socket
import sys
import threading
import time

from ckptgui.core.extents import SourceIdentity
from ckptgui.device.messages import DeviceInfo, DeviceKind, Inventory
from ckptgui.device.requests import Answer, Hello, Unusable
from ckptgui.device.wire import HungUpError, Wire


class _Bomb:
    """What cannot be made again on the other side."""

    def __reduce__(self):
        return SourceIdentity, ("too few",)


def fail(how, wire, end, number):
    match how:
        case "SIGKILL" | "SIGSEGV" | "SIGSTOP":
            os.kill(os.getpid(), getattr(signal, how))
        case "exit":
            os._exit(0)
        case "exit 3":
            sys.stderr.write("Traceback\nMemoryError: no more\n")
            sys.stderr.flush()
            os._exit(3)
        case "exit while sending":
            end.setblocking(True)
            end.sendall(b"ckptgui\n" + (1 << 20).to_bytes(8, "little") + bytes(1000))
            os._exit(0)
        case "garbage":
            end.setblocking(True)
            end.sendall(b"0123456789" * 1000)
        case "gigabyte":
            end.setblocking(True)
            end.sendall(b"ckptgui\n" + (1 << 30).to_bytes(8, "little"))
            try:
                for _ in range(1 << 10):
                    end.sendall(bytes(1 << 20))
            except OSError:
                pass
        case "unmakeable message":
            wire.send(_Bomb())
        case "somebody else's answer":
            wire.send(Answer(number + 7))
        case "lost":
            wire.send(Unusable("cuda:0 failed: CUDA error: unspecified launch failure"))
            os._exit(0)
        case "silence":
            pass
        case "none":
            wire.send(Answer(number, Inventory((DeviceInfo("cpu", DeviceKind.CPU, "stub", 2, 1),), "0")))
            return
    time.sleep(600)


def main(number, how):
    end = socket.socket(fileno=number)
    wire = Wire(end)
    if how != "never ready":
        wire.send(Hello())
    try:
        while True:
            ask = wire.receive()
            threading.Thread(target=fail, args=(how, wire, end, ask.number), daemon=True).start()
    except HungUpError:
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
