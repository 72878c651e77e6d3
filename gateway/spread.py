"""How long things took, counted by length, so that the counts of many hours add up.

A length of n milliseconds is counted under the whole part of log(n) to the base 1.1: what is
read from the counts is at most 5 % off.
"""

import math
from collections.abc import Mapping

RATIO = 1.1

OF_MS = f"floor(ln(greatest({{ms}}, 1)) / ln({RATIO}))::int"
"""The same in SQL, of a column of milliseconds."""


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """Return a length, in milliseconds, that this share of all did not exceed; None of nothing."""
    least = math.ceil(sum(counts.values()) * share)
    seen = 0
    for number in sorted(counts):
        seen += counts[number]
        if seen >= least:
            return round(math.pow(RATIO, number + 0.5))
    return None
