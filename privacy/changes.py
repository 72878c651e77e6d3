"""What changed between two versions of a document."""

from difflib import SequenceMatcher

from privacy.policies import Policy

Line = tuple[str, str]
"""A sign (+ for new, - for gone, nothing for kept) and a line of the text."""

AROUND = 2
"""How many lines before and after a change are shown with it."""


def between(old: Policy, new: Policy) -> list[Line]:
    """Return the lines of both versions in order, with what became of each."""
    before, after = lines(old), lines(new)
    found: list[Line] = []
    for what, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            found += [("", line) for line in before[i1:i2]]
        else:
            found += [("-", line) for line in before[i1:i2]]
            found += [("+", line) for line in after[j1:j2]]
    return found


def folded(found: list[Line]) -> list[Line]:
    """Return lines with what is kept far from any change told as one line, whose sign is =."""
    changed = [n for n, (sign, _) in enumerate(found) if sign]
    shown = {n + by for n in changed for by in range(-AROUND, AROUND + 1)}
    short: list[Line] = []
    kept = 0
    for number, line in enumerate([*found, ("", "")]):
        last = number == len(found)
        if not last and number not in shown:
            kept += 1
            continue
        if kept:
            short.append(
                (
                    "=",
                    f"… {kept} {'line stays as it is' if kept == 1 else 'lines stay as they are'}",
                )
            )
            kept = 0
        if not last:
            short.append(line)
    return short


def lines(policy: Policy) -> list[str]:
    """Return the lines of a text that say something."""
    return [line.strip() for line in policy.text.splitlines() if line.strip()]
