"""Print what was measured as one table."""

from collections.abc import Sequence
from dataclasses import dataclass

from lumyx.bench.load import Result
from lumyx.bench.measure import Run, median

HEADINGS = (
    *("", "calls/s", "of floor", "web CPU ms", "PostgreSQL", "Valkey"),
    *("p50 ms", "p99 ms", "added p50", "added p99", "web MB"),
)


@dataclass(frozen=True)
class Row:
    """One subject under one kind of load; `alone` is one call at a time, `direct` the mock's."""

    name: str
    runs: Sequence[Run]
    floor: Sequence[Run] = ()
    alone: Result | None = None
    direct: Result | None = None
    memory: int | None = None
    by_time: bool = False

    def rate(self) -> float | None:
        """Return the median of calls per second."""
        return median([run.rate(by_time=self.by_time) for run in self.runs])

    def of_floor(self) -> float | None:
        """Return the median of each round's ratio to the floor in the same round."""
        pairs = zip(self.runs, self.floor, strict=False)
        return median([run.result.rate / floor.result.rate for run, floor in pairs])

    def cpu(self, part: str) -> float | None:
        """Return the median of a part's CPU milliseconds per call."""
        return median([run.cpu_ms(part, by_time=self.by_time) for run in self.runs])

    def cells(self) -> list[str]:
        """Return the row as text."""
        ratio, alone, direct = self.of_floor(), self.alone, self.direct
        added = alone is not None and direct is not None and alone is not direct
        return [
            self.name,
            _number(self.rate(), 0 if (self.rate() or 0) >= 100 else 1),
            "" if ratio is None else f"{ratio:.0%}",
            *(_number(self.cpu(part), 2) for part in ("web", "PostgreSQL", "Valkey")),
            _number(alone.p50_ms if alone else None, 2),
            _number(alone.p99_ms if alone else None, 2),
            _number(alone.p50_ms - direct.p50_ms if added and alone and direct else None, 2),
            _number(alone.p99_ms - direct.p99_ms if added and alone and direct else None, 2),
            _number(None if self.memory is None else self.memory / 2**20, 0),
        ]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def render(sections: Sequence[tuple[str, Sequence[Row]]]) -> str:
    """Return the table as text, one section for each kind of load."""
    cells = [list(HEADINGS)]
    titles: dict[int, str] = {}
    for title, rows in sections:
        titles[len(cells)] = title
        cells += [row.cells() for row in rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(HEADINGS))]
    lines = []
    for number, row in enumerate(cells):
        if number in titles:
            lines += ["", titles[number]]
        aligned = [row[0].ljust(widths[0])]
        aligned += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)
