"""Run load on several subjects in turn, and account for what each process tree used."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from lumyx.bench import accounting, load
from lumyx.bench.load import Result, Target
from lumyx.local import LocalError

Found = TypeVar("Found")

OURS = "LumyxAI"
NOTHING = Result(requests=0, seconds=1, bytes=0, p50_ms=0, p99_ms=0, not_200=0, broken=0)


@dataclass(frozen=True)
class Subject:
    """What is measured: a target, and the root process of each part that serves it."""

    name: str
    target: Target
    parts: Mapping[str, int] = field(default_factory=dict)
    most_connections: int = 1_000
    """How many connections keep it busy; with more a slow one would end no call in a run."""


@dataclass(frozen=True)
class Run:
    """One run of load: its result, and the CPU seconds of each part.

    With the size of an answer given, in bytes, the parts of answers that were cut at the end of
    the run count as well: they are many where one answer takes long.
    """

    result: Result
    cpu: Mapping[str, float]
    size: float | None = None

    @property
    def answers(self) -> float:
        """How many answers were given."""
        if self.size and not self.result.not_200:
            return self.result.bytes / self.size
        return self.result.requests

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.result.seconds

    def cpu_ms(self, *parts: str) -> float | None:
        """Return the CPU milliseconds of parts per call, or None where there is no such part."""
        if not self.answers or not all(part in self.cpu for part in parts):
            return None
        return sum(self.cpu[part] for part in parts) * 1e3 / self.answers


@dataclass
class Bench:
    """Runs load, and keeps count of what was answered and of all that went wrong.

    What goes wrong with a peer is a remark; with LumyxAI it is a failure.
    """

    directory: Path
    rounds: int
    seconds: int
    connections: int
    answered: int = 0
    failures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def run(self, subject: Subject, *, connections: int, seconds: float) -> Run:
        """Put load on one subject."""
        before = cpu_seconds(subject.parts)
        found = self.attempt(
            subject,
            lambda: load.put(
                subject.target, connections=connections, seconds=seconds, directory=self.directory
            ),
        )
        result = found or NOTHING
        cpu = {name: used - before[name] for name, used in cpu_seconds(subject.parts).items()}
        self.count(subject, result.requests, not_200=result.not_200, broken=result.broken)
        return Run(result, cpu)

    def attempt(self, subject: Subject, put: Callable[[], Found]) -> Found | None:
        """Put load on a subject in some way; complain and return None where that fails."""
        try:
            return put()
        except LocalError as error:
            self.complain(subject, str(error))
            return None

    def count(self, subject: Subject, answered: int, *, not_200: int, broken: int) -> None:
        """Count answers; complain where they are not what was asked for."""
        if subject.name == OURS:
            self.answered += answered
        if not_200 or broken or not answered:
            self.complain(
                subject,
                f"{answered:,} answers, of which {not_200:,} were not 200; "
                f"{broken:,} connections broke",
            )

    def complain(self, subject: Subject, text: str) -> None:
        """Note that something went wrong."""
        notes = self.failures if subject.name == OURS else self.remarks
        notes.append(f"{subject.name}, {subject.target.name}: {text}")

    def most(self, subject: Subject) -> int:
        """Return how many connections keep a subject busy."""
        return min(self.connections, subject.most_connections)

    def size(self, subject: Subject) -> float | None:
        """Return the bytes of one answer, or None where that was not to be found out."""
        return self.attempt(subject, lambda: load.size_of(subject.target, directory=self.directory))

    def interleave(
        self, subjects: Sequence[Subject], sizes: Mapping[str, float | None]
    ) -> dict[str, list[Run]]:
        """Measure the subjects in turn, round after round, so that all see the same machine."""
        found: dict[str, list[Run]] = {subject.name: [] for subject in subjects}
        for _ in range(self.rounds):
            for subject in subjects:
                run = self.run(subject, connections=self.most(subject), seconds=self.seconds)
                found[subject.name].append(replace(run, size=sizes.get(subject.name)))
        return found


def cpu_seconds(parts: Mapping[str, int]) -> dict[str, float]:
    """Return the CPU time that each part has used."""
    return {name: accounting.cpu_seconds(pid) for name, pid in parts.items()}


def median(values: Sequence[float | None]) -> float | None:
    """Return the median, or None where nothing was measured."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def median_rate(runs: Sequence[Run]) -> float | None:
    """Return the median of answers per second, or None where nothing was answered."""
    return median([run.rate for run in runs if run.answers])


def median_cpu(runs: Sequence[Run], *parts: str) -> float | None:
    """Return the median of the CPU milliseconds per call."""
    return median([run.cpu_ms(*parts) for run in runs])


def ratio(ours: Sequence[Run], theirs: Sequence[Run]) -> float | None:
    """Return the median of each round's ratio of rates."""
    pairs = zip(ours, theirs, strict=True)
    return median([a.rate / b.rate for a, b in pairs if b.answers])
