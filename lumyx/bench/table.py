"""What was measured, as tables: for a terminal, and in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; the note says how to read them.

    Figures are set to the right, words to the left.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    of_words: bool = False

    def text(self) -> str:
        """Return the table for a terminal."""
        cells = [list(self.headings), *(list(row) for row in self.rows)]
        widths = [max(len(row[n]) for row in cells) for n in range(len(self.headings))]
        lines = [self.title]
        for row in cells:
            aligned = [row[0].ljust(widths[0])]
            set_in = str.ljust if self.of_words else str.rjust
            aligned += [
                set_in(cell, width) for cell, width in zip(row[1:], widths[1:], strict=True)
            ]
            lines.append("  ".join(aligned).rstrip())
        return "\n".join([*lines, *([self.note] if self.note else [])])

    def markdown(self) -> str:
        """Return the table as a section of a Markdown file."""
        marks = ["---", *["---" if self.of_words else "---:"] * (len(self.headings) - 1)]
        lines = [_line(row) for row in (self.headings, marks, *self.rows)]
        note = ["", self.note] if self.note else []
        return "\n".join([f"## {self.title}", "", *lines, *note, ""])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") or " " for cell in cells) + " |"


def number(value: float | None, digits: int = 0) -> str:
    """Return a number as text; nothing for what was not measured."""
    return "" if value is None else f"{value:,.{digits}f}"


def rate(value: float | None) -> str:
    """Return calls per second as text, with a digit more where they are few."""
    return number(value, 0 if (value or 0) >= 100 else 1)


def times(value: float | None) -> str:
    """Return a ratio as text."""
    return "" if value is None else f"{value:,.{2 if value < 10 else 0}f}×"
