"""What the calls on the page of usage may be filtered by: the parameters are those of the API."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django import forms

from accounts.wording import WordedForm
from gateway.models import ApiKey, ChargeBasis
from gateway.partitions import RETENTION_DAYS
from gateway.tallies import log_begins
from gateway.usage import SLACK, Query, read_cursor

RANGES = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("24 hours", timedelta(days=1)),
    "7d": ("7 days", timedelta(days=7)),
}
STATUSES = {
    "2xx": ("Answered (2xx)", (200, 299)),
    "error": ("All errors", (400, 599)),
    "4xx": ("Refused or yours (4xx)", (400, 499)),
    "5xx": ("Failed (5xx)", (500, 599)),
}
NUMBERS = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 499, 500, 502, 503, 504, 529)
ENDPOINTS = (
    *("chat/completions", "messages", "responses", "embeddings", "completions"),
    "messages/count_tokens",
)
NO_CHOICE = {"invalid_choice": "This is not on offer. Choose from the list."}
NO_TIME = {"invalid": "This is no day and time. Choose both, or leave it empty."}
TIMES = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
DAY_ENDS = {"from": "T00:00", "to": "T23:59"}
"""How a day of an address is written in a field, which shows nothing but days with times."""
ONE_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}", re.ASCII)


def choice(label: str, choices: Sequence[tuple[str, str]], *, any_words: str) -> forms.ChoiceField:
    """Return a field of one choice or none."""
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[("", any_words), *choices],
        error_messages=NO_CHOICE,
    )


class UsageForm(WordedForm):
    """The filters, as they stand in the address."""

    range = choice("Time", [(name, RANGES[name][0]) for name in RANGES], any_words="")
    model = choice("Model", [], any_words="All models")
    key = choice("Key", [], any_words="All keys")
    status = choice(
        "Outcome",
        [
            *((name, words) for name, (words, _) in STATUSES.items()),
            *((str(n), str(n)) for n in NUMBERS),
        ],
        any_words="Any outcome",
    )
    endpoint = choice("Endpoint", [(name, name) for name in ENDPOINTS], any_words="All endpoints")
    charge_basis = choice("Charged for", ChargeBasis.choices, any_words="Anything")
    streamed = choice("Streamed", [("true", "yes"), ("false", "no")], any_words="Either")

    def __init__(
        self, given: Mapping[str, str], *, models: Sequence[str], keys: Sequence[ApiKey]
    ) -> None:
        # A key may be written with hyphens, too.
        days = {
            name: given[name] + time
            for name, time in DAY_ENDS.items()
            if ONE_DAY.fullmatch(given.get(name, ""))
        }
        super().__init__({**given, **days, "key": given.get("key", "").replace("-", "")})
        for name, label in (("from", "From (UTC)"), ("to", "To (UTC)")):
            self.fields[name] = forms.DateTimeField(
                label=label,
                required=False,
                input_formats=TIMES,
                error_messages=NO_TIME,
                widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=TIMES[0]),
            )
        # What is in the address stays choosable, whether or not it is on offer any more.
        asked = str(self.data.get("model", ""))[:80].replace("\x00", "")
        self._choices("model", [(name, name) for name in sorted({*models, asked} - {""})])
        self._choices("key", [(k.pk.hex, f"{k.name} ({k.display})") for k in keys])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*cast(list[tuple[str, str]], field.choices)[:1], *choices]

    def clean(self) -> dict[str, Any]:
        """Refuse a time that ends before it begins."""
        begin, end = _utc(self.cleaned_data.get("from")), self.cleaned_data.get("to")
        until = self._until(_utc(end))
        if begin and until and until <= begin:
            self.add_error("to", "This is before “From”, so no call can fit.")
        return self.cleaned_data

    @property
    def main(self) -> list[forms.BoundField]:
        """The filters that are seen at once."""
        return [self[name] for name in ("model", "key", "status")]

    @property
    def more(self) -> list[forms.BoundField]:
        """The filters that are asked for less often."""
        return [self[name] for name in ("endpoint", "charge_basis", "streamed", "from", "to")]

    @property
    def chosen(self) -> dict[str, str]:
        """What is filtered by, as in the address."""
        return {name: self.data[name] for name in self.fields if self.data.get(name)}

    @property
    def more_chosen(self) -> int:
        """How many of the filters that are asked for less often are in use."""
        return sum(field.name in self.chosen for field in self.more)

    def address(self, **changes: str) -> str:
        """Return the query string of these filters with changes; an empty one leaves out."""
        kept = {name: value for name, value in (self.chosen | changes).items() if value}
        return f"?{urlencode(kept)}" if kept else ""

    def ranges(self) -> list[tuple[str, str, bool]]:
        """Return the quick choices of time: words, address, whether chosen."""
        here = self.chosen.get("range", "")
        other = {"from", "to"} & self.chosen.keys()
        quick = [*((name, words) for name, (words, _) in RANGES.items())]
        quick.append(("", f"{RETENTION_DAYS} days"))
        return [
            (
                words,
                self.address(**{"range": name, "from": "", "to": ""}),
                name == here and not other,
            )
            for name, words in quick
        ]

    def query(self, *, now: datetime, cursor: str = "") -> Query:
        """Return what is asked for; raises the API's 400 where the cursor is none."""
        cleaned = self.cleaned_data
        if self.errors:
            # What makes no sense fits no call.
            return Query(start=now, end=now)
        start, end = log_begins(now), now + SLACK
        if cleaned.get("range"):
            start = now - RANGES[cleaned["range"]][1]
        start = max(start, _utc(cleaned.get("from")) or start)
        end = min(end, self._until(_utc(cleaned.get("to"))) or end)
        status = cleaned.get("status") or ""
        streamed = cleaned.get("streamed")
        return Query(
            start=start,
            end=max(start, end),
            after=read_cursor(cursor) if cursor else None,
            model=cleaned.get("model") or None,
            key=UUID(cleaned["key"]) if cleaned.get("key") else None,
            endpoint=cleaned.get("endpoint") or None,
            basis=cleaned.get("charge_basis") or None,
            statuses=STATUSES[status][1]
            if status in STATUSES
            else (int(status), int(status))
            if status
            else None,
            streamed=streamed == "true" if streamed else None,
        )

    @staticmethod
    def _until(at: datetime | None) -> datetime | None:
        """Return the moment before which calls are shown: a minute ends with its end."""
        return None if at is None or at.year > 9000 else at + timedelta(minutes=1)


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at is not None and at.year > 1 else None
