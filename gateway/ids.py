"""Request ids: UUID version 7 (RFC 9562), so that an id carries the time of its request."""

import os
import time

PREFIX = "req_"


def new() -> str:
    """Return an id in hexadecimal, whose first 48 bits are the Unix time in milliseconds."""
    milliseconds = time.time_ns() // 1_000_000
    tail = os.urandom(10).hex()
    variant = "89ab"[int(tail[4], 16) & 3]
    return f"{milliseconds:012x}7{tail[1:4]}{variant}{tail[5:]}"


def public(request_id: str) -> str:
    """Return the id as clients see it in `x-request-id`."""
    return PREFIX + request_id
