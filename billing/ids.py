"""Ids of holds and requests: UUID version 7 (RFC 9562), so that an id carries its time."""

import os
import time


def new() -> str:
    """Return an id in hexadecimal, whose first 48 bits are the Unix time in milliseconds."""
    milliseconds = time.time_ns() // 1_000_000
    tail = os.urandom(10).hex()
    variant = "89ab"[int(tail[4], 16) & 3]
    return f"{milliseconds:012x}7{tail[1:4]}{variant}{tail[5:]}"
