"""A fault: how often it is made, what must come of it, and what came."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lumyx.chaos.plant import Plant


@dataclass
class Seen:
    """What came of a fault, in words; every problem is a broken promise."""

    words: str = ""
    problems: list[str] = field(default_factory=list)

    def expect(self, true: bool, otherwise: str) -> None:
        """Note a broken promise, unless something is true."""
        if not true:
            self.problems.append(otherwise)


@dataclass(frozen=True)
class Scenario:
    """A fault, with its number and the small number of `make test`."""

    name: str
    fault: str
    times: int
    few: int
    expected: str
    play: Callable[[Plant, int], Seen]


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    fault: str
    times: str
    expected: str
    seen: str
    kept: bool | None
    """None where it was not run here."""
    seconds: float = 0
    problems: tuple[str, ...] = ()
