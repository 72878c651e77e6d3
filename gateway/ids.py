"""Request ids: UUID version 7 (RFC 9562), so that an id carries the time of its request."""

import os
import time
import uuid

PREFIX = "req_"


def new() -> uuid.UUID:
    """Return an id whose first 48 bits are the Unix time in milliseconds."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return uuid.UUID(int=value)


def public(request_id: uuid.UUID) -> str:
    """Return the id as clients see it in `x-request-id`."""
    return PREFIX + request_id.hex
