"""Whether this process is about to end: it serves who is there, and wants nobody new."""

_begun = False


def begin() -> None:
    """Say from now on that this process is about to end."""
    global _begun
    _begun = True


def begun() -> bool:
    """Return whether this process is about to end."""
    return _begun
