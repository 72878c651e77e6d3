"""The cable does to connections what it is told."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from lumyx.chaos.cable import Cable, cable


def serve_echo(listener: socket.socket) -> None:
    while True:
        try:
            wire, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=echo, args=[wire], daemon=True).start()


def echo(wire: socket.socket) -> None:
    with wire:
        try:
            while data := wire.recv(1_000):
                wire.sendall(data)
        except OSError:
            return


@pytest.fixture
def wire() -> Iterator[Cable]:
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve_echo, args=[listener], daemon=True).start()
    with cable(to=listener.getsockname()[1]) as made:
        yield made
    listener.close()


def plug_in(wire: Cable) -> socket.socket:
    return socket.create_connection(("127.0.0.1", wire.port), 2)


def said(end: socket.socket, data: bytes) -> bytes:
    """Say something and return what comes back at once."""
    end.sendall(data)
    return end.recv(1_000)


def is_over(end: socket.socket) -> bool:
    try:
        return said(end, b"anybody?") == b""
    except ConnectionError:
        return True


def test_it_passes_on_and_after_a_cut_it_can_be_joined(wire: Cable) -> None:
    with plug_in(wire) as end:
        assert said(end, b"one") == b"one"
        wire.cut()
        assert is_over(end)
    with pytest.raises(ConnectionError):
        plug_in(wire)
    wire.join()
    with plug_in(wire) as end:
        assert said(end, b"three") == b"three"
        wire.drop()
    with plug_in(wire) as end:
        assert said(end, b"four") == b"four"


def test_it_hangs_and_goes_on(wire: Cable) -> None:
    with plug_in(wire) as end:
        end.settimeout(0.3)
        wire.be("hang")
        with pytest.raises(TimeoutError):
            said(end, b"one")
        wire.be("pass")
        assert end.recv(10) == b"one"


def test_it_drips(wire: Cable) -> None:
    with plug_in(wire) as end:
        wire.drip_seconds = 0.02
        wire.be("drip")
        began = time.monotonic()
        end.sendall(b"ten bytes.")
        came = [end.recv(10) for _ in range(10)]
        assert b"".join(came) == b"ten bytes."
        assert time.monotonic() - began > 0.15


def test_it_resets_after_so_many_bytes(wire: Cable) -> None:
    wire.be("reset", after=4)
    with plug_in(wire) as end:
        end.sendall(b"ten bytes.")
        assert end.recv(10) == b"ten "
        with pytest.raises(ConnectionResetError):
            end.recv(10)


@pytest.mark.parametrize("before", ["request", "answer"])
def test_a_planned_cut_comes_in_place_of_what_it_was_planned_for(wire: Cable, before: str) -> None:
    with plug_in(wire) as end:
        wire.plan_cut(before, number=2)
        assert said(end, b"one") == b"one"
        with pytest.raises(ConnectionResetError):
            said(end, b"two")
        assert wire.cuts == 1
    with plug_in(wire) as end:
        assert said(end, b"three") == b"three"
