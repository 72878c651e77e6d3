"""A clause of the policy, and what a check of the running system found about it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

Figure = int | float | str | bool | None


@dataclass(frozen=True)
class Finding:
    """What a check found: words and figures for everybody, details for staff.

    Where `applies` is false there is nothing to see on a development server; anywhere else that
    is a failure, too.
    """

    passed: bool
    said: str
    details: str = ""
    measured: dict[str, Figure] = field(default_factory=dict)
    applies: bool = True


Probe = Callable[[datetime], Finding]
"""Looks at the running system, at a moment (UTC), and changes nothing that stays."""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """Sentences of the policy, word for word, and the check that they are kept."""

    id: str
    section: str
    sentences: tuple[str, ...]
    check: str
    probe: Probe


def kept(said: str, *, details: str = "", **measured: Figure) -> Finding:
    """Return that a promise is kept."""
    return Finding(True, said, details, measured)


def broken(said: str, *, details: str = "", **measured: Figure) -> Finding:
    """Return that a promise is not kept, or could not be checked."""
    return Finding(False, said, details, measured)


def not_here(said: str) -> Finding:
    """Return that a development server has nothing to show; in production this is a failure."""
    return Finding(False, said, applies=False)


def is_development() -> bool:
    """Return whether this server is one that the deploy checks would refuse."""
    return bool(settings.STANDINS or settings.DEBUG)


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, such as `1 row` or `2,000 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
