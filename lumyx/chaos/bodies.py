"""Send bodies that cost a server work, until somebody ends this process.

    python -m lumyx.chaos.bodies PORT KEY

Fifty uploads that never end, and one after the other: a body over the limit that says so, one that
does not say so, JSON that is nested a million deep, and eight megabytes that are no JSON.
"""

import http.client
import itertools
import socket
import sys
import threading
import time
from collections.abc import Iterator

UPLOADS = 50
PAUSE_SECONDS = 0.1
PATH = "/api/v1/chat/completions"
OVER = 40 * 2**20
PART = b"x" * 2**16


def main() -> None:
    """Run from the command line; say so once the uploads have begun."""
    port, key = int(sys.argv[1]), sys.argv[2]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    wires = [begin(port, key) for _ in range(UPLOADS)]
    threading.Thread(target=drip, args=(wires,), daemon=True).start()
    print("begun", flush=True)
    for number in itertools.count():
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            send(wire, headers, number % 4)
        except OSError:
            pass  # It was cut short, as it should be.
        finally:
            wire.close()
        time.sleep(PAUSE_SECONDS)


def begin(port: int, key: str) -> socket.socket:
    """Begin an upload that never ends."""
    wire = socket.create_connection(("127.0.0.1", port))
    wire.sendall(
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        "Content-Length: 1000000\r\n\r\n{".encode()
    )
    return wire


def drip(wires: list[socket.socket]) -> None:
    """Send a byte of each a second."""
    while True:
        for wire in list(wires):
            try:
                wire.sendall(b" ")
            except OSError:
                wires.remove(wire)
        time.sleep(1)


def send(wire: http.client.HTTPConnection, headers: dict[str, str], kind: int) -> None:
    """Send one body, of the kind of this number, and read the answer."""
    bodies = {1: b"[" * 1_000_000, 2: PART * 128}
    if kind == 0:
        wire.putrequest("POST", PATH)
        for name, value in (headers | {"Content-Length": str(OVER)}).items():
            wire.putheader(name, value)
        wire.endheaders()
    elif kind == 3:
        wire.request("POST", PATH, parts(), headers, encode_chunked=True)
    else:
        wire.request("POST", PATH, bodies[kind], headers)
    wire.getresponse().read()


def parts() -> Iterator[bytes]:
    """Give a body over the limit, part by part."""
    yield from itertools.repeat(PART, OVER // len(PART))


if __name__ == "__main__":
    main()
