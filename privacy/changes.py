"""What changed between two versions of a document."""

from difflib import SequenceMatcher

from privacy.policies import Policy

Line = tuple[str, str]
"""A sign (+ for new, - for gone, nothing for kept) and a line of the text."""


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


def lines(policy: Policy) -> list[str]:
    """Return the lines of a text that say something."""
    return [line.strip() for line in policy.text.splitlines() if line.strip()]
