"""What the stand-in's endpoints have in common: a whole body, or a stream of events."""

import abc
from collections.abc import Iterator
from typing import ClassVar

import msgspec

from lumyx.standins.behaviours import Behaviour
from lumyx.standins.dialects import OPENAI, Dialect

LATE = 0.2
"""Seconds that late usage comes late."""


class Event(msgspec.Struct, frozen=True):
    """One server-sent event.

    `token` begins a token of the answer, which comes at the stand-in's pace. `end` belongs to
    the end of the answer, to which faulty streams do not come. `late` comes late where usage does.
    """

    data: bytes
    name: str = ""
    token: bool = False
    end: bool = False
    late: bool = False


class Exchange(abc.ABC):
    """One call and its answer; `said` is what errors quote."""

    dialect: ClassVar[Dialect] = OPENAI
    streamed = False
    said = ""
    tokens = 0
    keep_alive: ClassVar[bytes | Event] = b": working"
    garbage: ClassVar[tuple[bytes, ...]] = ()

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    @abc.abstractmethod
    def whole(self) -> dict[str, object]:
        """Return the body of an unstreamed answer."""

    def events(self) -> Iterator[Event]:
        """Give the events of a streamed answer."""
        return iter(())

    def failure(self) -> Event:
        """Return the event that says that the answer has failed."""
        quoted = f"The server had an error while processing: {self.said}"
        return Event(self.dialect.error(quoted, status=500))
