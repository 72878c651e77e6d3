"""The policy taken apart into its sections and sentences, as they stand."""

import re
from dataclasses import dataclass, field

from privacy.policies import Policy

HEADING = re.compile(r"(\d+(?:\.\d+)?)\.? ([A-Z][^.:]*)")
BETWEEN = re.compile(r'(?<=[.!?])\s+(?=["A-Z])')
BULLET = "• "


@dataclass(frozen=True)
class Section:
    """A numbered section; what comes before the first has no number."""

    number: str
    title: str
    sentences: list[str] = field(default_factory=list)


def sections(policy: Policy) -> list[Section]:
    """Return the sections of a text in order, each with its sentences; a bullet is one or more."""
    found = [Section("", policy.title)]
    for line in policy.text.splitlines():
        words = line.strip().removeprefix(BULLET)
        heading = HEADING.fullmatch(words)
        if heading is not None:
            found.append(Section(heading[1], heading[2]))
        elif words:
            found[-1].sentences.extend(BETWEEN.split(words))
    return found


def sentences(policy: Policy) -> list[str]:
    """Return every sentence of a text in order."""
    return [sentence for section in sections(policy) for sentence in section.sentences]
