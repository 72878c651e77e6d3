"""What the checks found: the latest of each clause, and how the promises stand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.timesince import timesince

from privacy import policies
from privacy.conformance.clauses import CLAUSES, PROMISE_NOTHING
from privacy.conformance.finding import Clause
from privacy.conformance.sentences import sections
from privacy.models import CanaryRun, ProbeResult, ProbeState

FORMAT = {"format": "LumyxAI conformance", "version": 1}
OVERDUE = timedelta(hours=2)
"""The checks run hourly; when the last run is older, that is a failure of its own."""
KEPT = timedelta(days=90)
LOOKS: dict[str, tuple[str, str]] = {
    ProbeState.KEPT: ("circle-check", "good"),
    ProbeState.BROKEN: ("circle-alert", "bad"),
    ProbeState.NOT_HERE: ("circle-dot", ""),
    ProbeState.UNCHECKED: ("clock", "warn"),
}
"""The icon and the mood of each state, beside its words."""

LATEST = """
select r.* from unnest(%s::text[]) as c(id)
cross join lateral (
  select * from privacy_proberesult where clause = c.id order by ran_at desc limit 1
) r
"""


@dataclass(frozen=True)
class Line:
    """A clause and what was found last."""

    clause: Clause
    result: ProbeResult | None
    now: datetime

    @property
    def state(self) -> str:
        """Return how the promise stands."""
        return self.result.state if self.result else ProbeState.UNCHECKED

    @property
    def words(self) -> str:
        """Return how it stands in words."""
        return str(ProbeState(self.state).label)

    @property
    def glyph(self) -> str:
        """Return the icon that stands for it."""
        return LOOKS[self.state][0]

    @property
    def mood(self) -> str:
        """Return the colour that goes with it."""
        return LOOKS[self.state][1]

    @property
    def standing(self) -> str:
        """Return for how long it has stood like this."""
        if self.result is None or self.now - self.result.since < timedelta(minutes=1):
            return "since just now"
        return f"for {timesince(self.result.since, self.now, depth=1)}"

    @property
    def quotation(self) -> list[tuple[str, bool]]:
        """Return the sentences, and of each whether it is an item of a list before it."""
        found: list[tuple[str, bool]] = []
        for sentence in self.clause.sentences:
            listed = bool(found) and (found[-1][1] or found[-1][0].endswith(":"))
            found.append((sentence, listed))
        return found


@dataclass(frozen=True)
class Part:
    """A section of the policy, as the page goes through it."""

    number: str
    title: str
    lines: list[Line]
    others: list[str]
    """Sentences that promise nothing."""


@dataclass(frozen=True)
class Report:
    """How all promises stand."""

    lines: list[Line]
    now: datetime
    canary: CanaryRun | None = None
    """What became of the customer that was made up last."""

    def among(self, *states: str) -> list[Line]:
        """Return the lines in some of the states."""
        return [line for line in self.lines if line.state in states]

    @cached_property
    def kept(self) -> list[Line]:
        """Return what is kept."""
        return self.among(ProbeState.KEPT)

    @cached_property
    def broken(self) -> list[Line]:
        """Return what is not kept, or was never looked at."""
        return self.among(ProbeState.BROKEN, ProbeState.UNCHECKED)

    @cached_property
    def elsewhere(self) -> list[Line]:
        """Return what cannot be seen on a development server."""
        return self.among(ProbeState.NOT_HERE)

    @cached_property
    def looked_at(self) -> datetime | None:
        """Return when the checks ran last."""
        return max((line.result.ran_at for line in self.lines if line.result), default=None)

    @property
    def overdue(self) -> bool:
        """Whether the checks should have run since."""
        return self.looked_at is None or self.now - self.looked_at > OVERDUE

    @property
    def counted(self) -> int:
        """Return how many promises could be looked at here."""
        return len(self.lines) - len(self.elsewhere)

    @property
    def good(self) -> bool:
        """Whether every promise is known to be kept."""
        return not self.broken and not self.overdue

    @property
    def parts(self) -> list[Part]:
        """Return the lines under the policy's own headings."""
        found = []
        for section in sections(policies.current("privacy")):
            lines = [line for line in self.lines if line.clause.section == section.number]
            others = [s for s in section.sentences if section.number and s in PROMISE_NOTHING]
            if lines or others:
                found.append(Part(section.number, section.title, lines, others))
        return found

    @property
    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it; times are UTC."""
        return {
            **FORMAT,
            "policy": policies.current("privacy").version,
            "looked_at": self.looked_at.isoformat() if self.looked_at else None,
            "overdue": self.overdue,
            "all_kept": self.good,
            "kept": len(self.kept),
            "not_kept": len(self.broken),
            "not_applicable_here": len(self.elsewhere),
            "clauses": [_as_json(line) for line in self.lines],
            "canary": _canary_as_json(self.canary) if self.canary else None,
        }


def _as_json(line: Line) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": line.clause.id,
        "section": line.clause.section,
        "sentences": list(line.clause.sentences),
        "check": line.clause.check,
        "state": str(line.state),
    }
    if line.result is not None:
        told |= {
            "said": line.result.said,
            "measured": line.result.measured,
            "ran_at": line.result.ran_at.isoformat(),
            "since": line.result.since.isoformat(),
            "milliseconds": line.result.milliseconds,
        }
    return told


def _canary_as_json(run: CanaryRun) -> dict[str, Any]:
    return {
        "ran_at": run.ran_at.isoformat(),
        "passed": run.passed,
        "said": run.said,
        "steps": run.steps,
    }


def latest() -> dict[str, ProbeResult]:
    """Return what was found last of each clause."""
    names = [clause.id for clause in CLAUSES]
    return {row.clause: row for row in ProbeResult.objects.raw(LATEST, [names])}


def report(*, now: datetime | None = None) -> Report:
    """Return how the promises stand."""
    found, moment = latest(), now or timezone.now()
    ended = CanaryRun.objects.filter(ended_at__isnull=False).order_by("-ran_at").first()
    return Report([Line(c, found.get(c.id), moment) for c in CLAUSES], moment, ended)


def expire(*, now: datetime | None = None) -> dict[str, int]:
    """Delete what was found too long ago."""
    old = (now or timezone.now()) - KEPT
    return {"results of checks": ProbeResult.objects.filter(ran_at__lt=old).delete()[0]}
