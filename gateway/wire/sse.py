"""Server-sent events (WHATWG): split the bytes of a stream into the data of each event."""

from gateway.wire.events import BrokenStream

MOST_EVENT_BYTES = 4 * 1024 * 1024
"""A single event of a stream is never this long; what is longer is not kept."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Events:
    """Splits the bytes of an event stream into the data of each event, in bounded memory."""

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the data of the events that these bytes complete; comments and ids fall away.

        Raises BrokenStream for an event that is too long.
        """
        buffer = self._rest + data if self._rest else data
        if not self._begun and len(buffer) >= len(BYTE_ORDER_MARK):
            self._begun = True
            buffer = buffer.removeprefix(BYTE_ORDER_MARK)
        if b"\r" in buffer:
            held = b"\r" if buffer.endswith(b"\r") else b""
            buffer = buffer.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        end = buffer.rfind(b"\n\n")
        self._rest = buffer if end < 0 else buffer[end + 2 :]
        if len(self._rest) > MOST_EVENT_BYTES:
            raise BrokenStream
        return [] if end < 0 else _data_of(buffer[:end])


def _data_of(block: bytes) -> list[bytes]:
    if block.startswith(b"data: "):
        found = block[6:].split(b"\n\ndata: ")
        # Where every newline separates two events, each is one plain line of data.
        if block.count(b"\n") == 2 * (len(found) - 1):
            return found
    return [data for event in block.split(b"\n\n") if (data := _data(event)) is not None]


def _data(event: bytes) -> bytes | None:
    lines = [
        line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")
    ]
    return b" ".join(lines) if lines else None
