"""Calendar months in UTC, by which the books are read."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

KEY = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class Month:
    """A month of UTC, by its first day."""

    first: date

    @classmethod
    def parse(cls, key: str) -> "Month":
        """Return the month of a key such as 2026-11; raises ValueError for anything else."""
        found = KEY.fullmatch(key)
        if found is None:
            raise ValueError(key)
        return cls(date(int(found[1]), int(found[2]), 1))

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        """Return the month in which a moment lies."""
        return cls(moment.astimezone(UTC).date().replace(day=1))

    @property
    def key(self) -> str:
        """The month as addresses and files call it."""
        return f"{self.first:%Y-%m}"

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month((self.first + timedelta(days=31)).replace(day=1))

    @property
    def before(self) -> "Month":
        """The month before it."""
        return Month((self.first - timedelta(days=1)).replace(day=1))

    @property
    def begins(self) -> datetime:
        """Its first moment."""
        return datetime(self.first.year, self.first.month, 1, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return self.next.begins

    @property
    def over(self) -> bool:
        """Whether nothing can be added to it any more."""
        return timezone.now() >= self.ends

    @property
    def to_come(self) -> bool:
        """Whether it has not begun."""
        return timezone.now() < self.begins

    def __str__(self) -> str:
        return f"{self.first:%B %Y}"
