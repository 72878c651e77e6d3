"""Run load on several subjects in turn, and account for what each process tree used."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lumyx.bench import accounting, load
from lumyx.bench.load import Result, Target


@dataclass(frozen=True)
class Subject:
    """What is measured: a target, and the root process of each part that serves it."""

    name: str
    target: Target
    parts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One run of load: its result, and the CPU seconds of each part."""

    result: Result
    connections: int
    cpu: dict[str, float]

    def rate(self, *, by_time: bool = False) -> float:
        """Return calls per second.

        Where calls take seconds, `by_time` counts the parts of calls at both ends as well:
        so many connections, each always in a call of the median duration.
        """
        if by_time and self.result.p50_ms:
            return self.connections * 1e3 / self.result.p50_ms
        return self.result.rate

    def cpu_ms(self, part: str, *, by_time: bool = False) -> float | None:
        """Return the CPU milliseconds of a part per call, or None where there is no such part."""
        calls = self.rate(by_time=by_time) * self.result.seconds
        return self.cpu[part] * 1e3 / max(calls, 1) if part in self.cpu else None


@dataclass
class Bench:
    """Runs load and keeps count of all that was answered."""

    directory: Path
    rounds: int
    seconds: int
    connections: int
    answered: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def run(self, subject: Subject, *, connections: int, seconds: float) -> Run:
        """Put load on one subject."""
        before = {name: accounting.cpu_seconds(pid) for name, pid in subject.parts.items()}
        result = load.put(
            subject.target, connections=connections, seconds=seconds, directory=self.directory
        )
        cpu = {
            name: accounting.cpu_seconds(pid) - before[name] for name, pid in subject.parts.items()
        }
        self.answered[subject.name] = self.answered.get(subject.name, 0) + result.requests
        if result.not_200 or result.broken or not result.requests:
            self.failures.append(
                f"{subject.name}, {subject.target.name}: {result.requests} answers, of which "
                f"{result.not_200} were not 200; {result.broken} connections broke"
            )
        return Run(result, connections, cpu)

    def interleave(self, subjects: Sequence[Subject]) -> dict[str, list[Run]]:
        """Measure the subjects in turn, round after round, so that all see the same machine."""
        found: dict[str, list[Run]] = {subject.name: [] for subject in subjects}
        for _ in range(self.rounds):
            for subject in subjects:
                run = self.run(subject, connections=self.connections, seconds=self.seconds)
                found[subject.name].append(run)
        return found


def median(values: Sequence[float | None]) -> float | None:
    """Return the median, or None where nothing was measured."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
