"""The documents that people accept, as versioned texts."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from django.utils import timezone

TEXTS = Path(__file__).parent / "documents"
TITLES = {"privacy": "Privacy policy", "terms": "Terms of service"}


@dataclass(frozen=True)
class Policy:
    """One version of a document; the version is the date from which it is in effect (UTC)."""

    kind: str
    version: str
    text: str

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


@cache
def every_version(kind: str) -> tuple[Policy, ...]:
    """Return all versions of a document, oldest first."""
    return tuple(
        Policy(kind, file.stem.removeprefix(f"{kind}-"), file.read_text())
        for file in sorted(TEXTS.glob(f"{kind}-*.txt"))
    )


def current(kind: str) -> Policy:
    """Return the version of a document that is in effect today."""
    today = timezone.now().date()
    first, *later = every_version(kind)
    return [first, *(policy for policy in later if policy.effective <= today)][-1]


def all_current() -> list[Policy]:
    """Return every document as it is in effect today."""
    return [current(kind) for kind in TITLES]
