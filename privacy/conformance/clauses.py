"""The clauses of the privacy policy, in its order: none is left out."""

from collections import Counter
from datetime import date

from privacy import policies
from privacy.conformance.finding import Clause
from privacy.conformance.probes import (
    changes,
    children,
    collection,
    consent,
    contact,
    content,
    cookies,
    purposes,
    recipients,
    retention,
    rights,
    security,
)
from privacy.conformance.sentences import sentences
from privacy.policies import Policy

CLAUSES: list[Clause] = [
    *consent.CLAUSES,
    *collection.CLAUSES,
    *content.CLAUSES,
    *purposes.CLAUSES,
    *retention.CLAUSES,
    *recipients.CLAUSES,
    *security.CLAUSES,
    *cookies.CLAUSES,
    *rights.CLAUSES,
    *children.CLAUSES,
    *changes.CLAUSES,
    *contact.CLAUSES,
]

PROMISE_NOTHING = (
    "Legal",
    "Privacy Policy",
    'LumyxAI ("we", "us", "our") is committed to protecting your privacy.',
    "This Privacy Policy explains how we collect, use, store, and share information when you use"
    " our Service at lumyx-ai.site.",
    "While we strive to protect your data, no method of transmission over the Internet is 100%"
    " secure.",
    "We cannot guarantee absolute security.",
    "We may update this Privacy Policy from time to time.",
)
"""Sentences that say something and promise nothing that a check could find broken."""

AHEAD: tuple[str, ...] = ()
"""Sentences of a version still to be published: their checks come with the code, before it."""
DATED = "Last updated: "


def date_line(day: date) -> str:
    """Return how the policy says of which day it is."""
    return f"{DATED}{day:%B %-d, %Y}"


def unwatched(policy: Policy) -> list[str]:
    """Return the sentences of a version that promise something and that no check looks after."""
    known = {sentence for clause in CLAUSES for sentence in clause.sentences}
    known |= {*PROMISE_NOTHING, date_line(policy.effective)}
    return [sentence for sentence in sentences(policy) if sentence not in known]


def faults(policy: Policy | None = None) -> list[str]:
    """Return what the clauses quote and the policy does not say, or says and no clause has."""
    there = sentences(policy or policies.current("privacy"))
    quoted = {sentence for clause in CLAUSES for sentence in clause.sentences}
    found = [
        f"clause {clause.id} quotes what the policy does not say: {sentence!r}"
        for clause in CLAUSES
        for sentence in clause.sentences
        if sentence not in there and sentence not in AHEAD
    ]
    found += [
        f"clause {name} is there twice"
        for name, times in Counter(clause.id for clause in CLAUSES).items()
        if times > 1
    ]
    for sentence in there:
        if (sentence in quoted) == (sentence in PROMISE_NOTHING):
            what = (
                "both has a clause and promises nothing" if sentence in quoted else "has no clause"
            )
            found.append(f"a sentence of the policy {what}: {sentence!r}")
    found += [
        f"{sentence!r} promises nothing and is not in the policy"
        for sentence in PROMISE_NOTHING
        if sentence not in there
    ]
    return found
