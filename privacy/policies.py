"""The documents that people accept, as versioned texts.

The first versions are files that come with the code. Later ones may be published by staff, and
stand in the database then; both are one history.
"""

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from django.db import DatabaseError
from django.utils import timezone

from gateway.remembered import Remembered
from privacy import versions
from privacy.models import PolicyVersion
from privacy.versions import Declaration

TEXTS = Path(__file__).parent / "documents"
TITLES = {"privacy": "Privacy policy", "terms": "Terms of service"}
UNREVIEWED = "has not been through legal review yet"
"""What a text says of itself as long as no lawyer has approved it."""
AHEAD = timedelta(days=14)
"""How long before it takes effect a material change is announced at the latest."""
KEPT_SECONDS = 5.0
"""For so long a process may not know yet what another has published."""


@dataclass(frozen=True)
class Policy:
    """One version of a document; the version is the date from which it is in effect (UTC)."""

    kind: str
    version: str
    text: str
    declared: Declaration | None = None

    @property
    def title(self) -> str:
        """Return what the document is called."""
        return TITLES[self.kind]

    @property
    def effective(self) -> date:
        """Return the day from which it is in effect."""
        return date.fromisoformat(self.version)

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def summary(self) -> tuple[str, ...]:
        """Return what changed, in plain words."""
        return self.declared.summary if self.declared else ()

    @property
    def material(self) -> bool:
        """Whether what changed concerns people: it is announced, and they are asked anew."""
        return self.declared is None or self.declared.material

    @property
    def announced(self) -> date:
        """Return the day from which it can be read."""
        return self.declared.announced if self.declared else self.effective

    @property
    def is_draft(self) -> bool:
        """Whether the text itself says that nobody has reviewed it yet."""
        return UNREVIEWED in self.text


@cache
def _read(directory: Path, kind: str) -> tuple[Policy, ...]:
    declared = versions.declared(directory)
    return tuple(
        Policy(kind, version, file.read_text(), declared.get((kind, version)))
        for file in sorted(directory.glob(f"{kind}-*.txt"))
        for version in [file.stem.removeprefix(f"{kind}-")]
    )


def _read_published() -> tuple[Policy, ...]:
    return tuple(_as_policy(row) for row in PolicyVersion.objects.order_by("pk"))


_published: Remembered[tuple[Policy, ...]] = Remembered(_read_published, seconds=KEPT_SECONDS)


def published() -> tuple[Policy, ...]:
    """Return the versions that staff published, read anew every few seconds.

    While the database does not answer, what was read last stands: pages go on without it, and
    nobody can accept anything then.
    """
    if not _in_event_loop():
        with suppress(DatabaseError):
            return _published.get()
    return _published.last(())


def forget_published() -> None:
    """Have the published versions read anew."""
    _published.expire()


def _in_event_loop() -> bool:
    """Whether this is no place to ask the database: what was read last has to do."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _as_policy(row: PolicyVersion) -> Policy:
    version = str(row.version)
    said = Declaration(
        row.kind, version, row.sha256, row.material, row.announced, tuple(row.summary)
    )
    return Policy(row.kind, version, row.text, said)


def every_version(kind: str) -> tuple[Policy, ...]:
    """Return all versions of a document, oldest first."""
    later = {policy.version: policy for policy in published() if policy.kind == kind}
    if not later:
        return _read(TEXTS, kind)
    found = {policy.version: policy for policy in _read(TEXTS, kind)} | later
    return tuple(found[version] for version in sorted(found))


def shipped(kind: str, *, today: date | None = None) -> Policy:
    """Return the version in effect of those that came with the code, whatever was published."""
    return _in_effect(_read(TEXTS, kind), today or timezone.now().date())


def current(kind: str, *, today: date | None = None) -> Policy:
    """Return the version of a document that is in effect."""
    return _in_effect(every_version(kind), today or timezone.now().date())


def _in_effect(every: tuple[Policy, ...], day: date) -> Policy:
    first, *later = every
    return [first, *(policy for policy in later if policy.effective <= day)][-1]


def all_current(*, today: date | None = None) -> list[Policy]:
    """Return every document as it is in effect."""
    return [current(kind, today=today) for kind in TITLES]


def announced(*, today: date | None = None) -> list[Policy]:
    """Return the versions that can be read already and take effect later, the soonest first."""
    day = today or timezone.now().date()
    coming = [
        policy
        for kind in TITLES
        for policy in every_version(kind)
        if policy.announced <= day < policy.effective
    ]
    return sorted(coming, key=lambda policy: policy.version)


def readable(kind: str, *, today: date | None = None) -> list[Policy]:
    """Return the versions that anybody may read: past, present and announced, newest first."""
    day = today or timezone.now().date()
    found = [p for p in every_version(kind) if p.announced <= day or p.effective <= day]
    return found[::-1] or [every_version(kind)[0]]


def before(policy: Policy) -> Policy | None:
    """Return the version that a version follows."""
    earlier = [p for p in every_version(policy.kind) if p.version < policy.version]
    return earlier[-1] if earlier else None


def published_faults() -> list[str]:
    """Return what is wrong with the versions that staff published, in words."""
    forget_published()
    found = []
    for policy in published():
        name = f"{policy.kind} {policy.version}"
        declared = policy.declared
        if declared is None or declared.sha256 != policy.sha256:
            found.append(f"{name} has another text than was published")
        if policy.material and policy.announced > policy.effective - AHEAD:
            found.append(f"{name} is material and announced less than 14 days ahead")
        with_code = [p for p in _read(TEXTS, policy.kind) if p.version == policy.version]
        if any(p.text != policy.text for p in with_code):
            found.append(f"{name} came with the code and was published with another text")
    return found


def faults(directory: Path | None = None) -> list[str]:
    """Return what is wrong with the texts and their declarations, in words."""
    place = directory or TEXTS
    found = []
    known = set(versions.declared(place))
    for kind in TITLES:
        texts = _read(place, kind)
        if not texts:
            found.append(f"there is no text of {kind}")
        for number, policy in enumerate(texts):
            name = f"{kind} {policy.version}"
            known.discard((kind, policy.version))
            if policy.declared is None:
                found.append(f"{name} is not declared")
                continue
            if policy.declared.sha256 != policy.sha256:
                found.append(f"{name} has another text than was declared: make a new version")
            if not policy.summary:
                found.append(f"{name} does not say what changed")
            late = policy.announced > policy.effective - AHEAD
            if number and policy.material and late:
                found.append(f"{name} is material and announced less than 14 days ahead")
    return found + [f"{kind} {version} is declared without a text" for kind, version in known]
