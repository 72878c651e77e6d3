"""What LumyxAI is to reach, and whether what was measured does."""

from collections.abc import Mapping
from dataclasses import dataclass

from lumyx.bench.table import Table

FLAT = 1.15
"""How much dearer a call may be with very much of something: what is measured spreads as far."""

NOTE = (
    "The floor in Python forwards and does nothing else. Where LumyxAI falls short of its goal "
    "against it, the cause is what it does besides, in its own process and in PostgreSQL, on the "
    "same cores: the table of unstreamed calls tells how much of each."
)


@dataclass(frozen=True)
class Goal:
    """A bound on one figure, from below or from above."""

    sentence: str
    figure: str
    bound: float
    unit: str = ""
    at_least: bool = True

    def met(self, figures: Mapping[str, float | None]) -> bool | None:
        """Return whether the goal is met, or None where its figure was not measured."""
        found = figures.get(self.figure)
        if found is None:
            return None
        return found >= self.bound if self.at_least else found <= self.bound

    def row(self, figures: Mapping[str, float | None]) -> list[str]:
        """Return the goal, what was measured, and whether it is met."""
        found, met = figures.get(self.figure), self.met(figures)
        sign = "≥" if self.at_least else "≤"
        measured = "" if found is None else f"{_short(found)}{self.unit}"
        said = {True: "yes", False: "no", None: "not measured"}[met]
        return [self.sentence, f"{sign} {_short(self.bound)}{self.unit}", measured, said]


GOALS = (
    Goal("Unstreamed calls, with exact billing, of LiteLLM's", "whole × LiteLLM", 20, "×"),
    Goal("Unstreamed calls, with exact billing, of Portkey's", "whole × Portkey", 1.5, "×"),
    Goal("Streams of 100 chunks, of LiteLLM's", "stream × LiteLLM", 50, "×"),
    Goal("Unstreamed calls, of the floor's in Python", "whole × floor", 0.4, "×"),
    Goal("Paced streams per core, none late", "paced LumyxAI", 350),
    Goal("Memory per open stream", "memory LumyxAI", 60, " KB", at_least=False),
    Goal("CPU of a 100-chunk stream", "stream CPU LumyxAI", 2, " ms", at_least=False),
    Goal("CPU of a translated stream", "translated CPU", 5, " ms", at_least=False),
    Goal("Cost with 1,000 models", "growth models", FLAT, "×", at_least=False),
    Goal("Cost with 100,000 keys", "growth keys", FLAT, "×", at_least=False),
    Goal("Cost with all log rows", "growth rows", FLAT, "×", at_least=False),
)


def judge(figures: Mapping[str, float | None]) -> Table:
    """Return all goals and whether each is met."""
    rows = [goal.row(figures) for goal in GOALS]
    return Table("Goals", ("", "goal", "measured", "met"), rows, NOTE)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"
