"""What many pages ask for is asked of the database now and then, by each process for itself."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import DatabaseError

Value = TypeVar("Value")

AGAIN_SECONDS = 5
"""How long after the database did not answer it is left alone."""


class Remembered(Generic[Value]):
    """An answer that stays good for some seconds; an old one is given while there is no newer."""

    def __init__(self, ask: Callable[[], Value], *, seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self.forget()

    def forget(self) -> None:
        """Ask anew the next time."""
        self._until = 0.0
        self._known: list[Value] = []
        self._failed: DatabaseError | None = None

    def expire(self) -> None:
        """Ask anew the next time, and keep the answer for when there is no newer."""
        self._until = 0.0

    def get(self) -> Value:
        """Return the answer; raises DatabaseError where there never was one."""
        if time.monotonic() >= self._until:
            self._renew()
        if self._failed is not None and not self._known:
            raise self._failed
        return self._known[0]

    def last(self, otherwise: Value) -> Value:
        """Return the answer that was given last, without asking anew, or something else."""
        return self._known[0] if self._known else otherwise

    def _renew(self) -> None:
        try:
            self._known = [self._ask()]
        except DatabaseError as error:
            self._failed = error.with_traceback(None)
            self._until = time.monotonic() + AGAIN_SECONDS
            return
        self._failed = None
        self._until = time.monotonic() + self._seconds
