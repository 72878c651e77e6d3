"""The rows as one table: for a terminal, and for docs/reliability.md."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lumyx.chaos.scenario import Row

BEGIN, END = "<!-- table of make chaos -->", "<!-- end of the table -->"
OUTCOME = {True: "kept", False: "BROKEN", None: "not run here"}


def render(rows: Sequence[Row]) -> str:
    """Return the table as text."""
    lines = []
    for row in rows:
        lines += [
            "",
            f"{row.fault} ({row.times}): {OUTCOME[row.kept]}, {row.seconds:.0f} s",
            f"  expected  {row.expected}",
            f"  seen      {row.seen}",
            *(f"  BROKEN    {problem}" for problem in row.problems),
        ]
    return "\n".join(lines)


def verdict(rows: Sequence[Row]) -> str:
    """Return in words how many promises were kept."""
    run = [row for row in rows if row.kept is not None]
    return f"{sum(bool(row.kept) for row in run)} of {len(run)} kept"


def markdown(rows: Sequence[Row]) -> str:
    """Return the table as Markdown."""
    lines = ["| Fault | How often | Expected | Seen | |", "|---|--:|---|---|---|"]
    for row in rows:
        seen = "; ".join([row.seen, *row.problems])
        cells = [row.fault, row.times, row.expected, seen, OUTCOME[row.kept]]
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(lines)


def write(page: Path, rows: Sequence[Row], seconds: float) -> None:
    """Put the table, its date and the kind of machine into the page."""
    text = page.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    page.write_text(
        f"{head}{BEGIN}\n\n{datetime.now(UTC):%d %B %Y}, {machine()}, {seconds / 60:.0f} minutes:"
        f" {verdict(rows)}.\n\n{markdown(rows)}\n\n{END}{tail}"
    )


def machine() -> str:
    """Say what kind of machine this is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB,"
        f" {platform.system()} {platform.release().split('-')[0]},"
        f" Python {platform.python_version()}"
    )
