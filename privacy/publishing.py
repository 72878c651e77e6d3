"""Write a new version of a document, and publish it when a second person agrees.

A published version stands: a mistake in it is mended by the next version.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from privacy import changes, policies
from privacy.conformance import clauses
from privacy.models import PolicyDraft, PolicyVersion
from privacy.policies import Policy
from privacy.versions import Declaration


class SamePerson(Exception):
    """Who wrote a draft may not publish it."""


class Changed(Exception):
    """The draft is not what was looked at: it was changed meanwhile."""


class Gone(Exception):
    """The draft was published or discarded meanwhile."""


class NotReady(Exception):
    """Something of the draft has to be mended first; `faults` say what."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Judged:
    """A draft as the version that it would be today, and what keeps it from being published."""

    draft: PolicyDraft
    policy: Policy
    follows: Policy
    faults: list[str]

    @property
    def seal(self) -> str:
        """The digest of all that would be published: what is approved is what was looked at."""
        draft = self.draft
        said = [draft.kind, str(draft.effective), draft.summary, str(draft.material), draft.text]
        return hashlib.sha256("\0".join(said).encode()).hexdigest()


def begin(kind: str, *, by: User, now: datetime | None = None) -> PolicyDraft:
    """Begin a draft with the text of the latest version."""
    moment = now or timezone.now()
    latest = policies.every_version(kind)[-1]
    earliest = max(moment.date() + policies.AHEAD, latest.effective) + timedelta(days=1)
    text = latest.text.replace(clauses.date_line(latest.effective), clauses.date_line(earliest))
    return PolicyDraft(kind=kind, effective=earliest, text=text, written_by=by)


@transaction.atomic
def save(draft: PolicyDraft, *, by: User, now: datetime | None = None) -> PolicyDraft:
    """Keep a draft; who changed it last is taken for its writer. Raises ValidationError or Gone."""
    if draft.kind not in policies.TITLES:
        raise ValidationError("There is no such document.")
    if not draft._state.adding:
        _locked(draft)
    draft.text, draft.summary = _clean(draft.text), _clean(draft.summary)
    draft.written_by, draft.changed_at = by, now or timezone.now()
    draft.clean_fields()
    draft.save()
    return draft


def discard(draft: PolicyDraft) -> None:
    """Delete a draft; raises Gone."""
    with transaction.atomic():
        _locked(draft).delete()


def judge(draft: PolicyDraft, *, now: datetime | None = None) -> Judged:
    """Return a draft as the version that it would be, were it published now."""
    today = (now or timezone.now()).date()
    policy = as_policy(draft, today=today)
    follows = policies.every_version(draft.kind)[-1]
    return Judged(draft, policy, follows, _faults(policy, follows, today))


def as_policy(draft: PolicyDraft, *, today: date) -> Policy:
    """Return a draft as a version that is announced today."""
    version = str(draft.effective)
    digest = hashlib.sha256(draft.text.encode()).hexdigest()
    summary = tuple(line.strip() for line in draft.summary.splitlines() if line.strip())
    said = Declaration(draft.kind, version, digest, draft.material, today, summary)
    return Policy(draft.kind, version, draft.text, said)


def _faults(policy: Policy, follows: Policy, today: date) -> list[str]:
    found = []
    if changes.lines(policy) == changes.lines(follows):
        found.append("The text is that of the version before it.")
    if not policy.summary:
        found.append("It does not say what changes.")
    if policy.effective <= follows.effective:
        found.append(f"It takes effect no later than the version of {follows.version}.")
    if policy.effective <= today:
        found.append("The day it takes effect is not ahead.")
    elif policy.material and policy.effective < today + policies.AHEAD:
        found.append(
            f"It is material, so it is announced {policies.AHEAD.days} days ahead:"
            f" {today + policies.AHEAD} at the earliest."
        )
    if policy.kind == "privacy":
        dated = clauses.date_line(policy.effective)
        if dated not in policy.text:
            found.append(f"The text does not say “{dated}”.")
        found += [f"No check looks after “{one}”." for one in clauses.unwatched(policy)]
    return found


def publish(
    draft: PolicyDraft, *, by: User, seal: str, now: datetime | None = None
) -> PolicyVersion:
    """Publish a draft, which cannot be undone; raises Gone, SamePerson, Changed or NotReady."""
    moment = now or timezone.now()
    with transaction.atomic():
        # One of a kind at a time: which version it follows is judged with no other on its way.
        same = PolicyDraft.objects.select_for_update().filter(kind=draft.kind).order_by("pk")
        list(same.values_list("pk"))
        row = _locked(draft)
        if row.written_by_id is None or row.written_by_id == by.pk:
            raise SamePerson
        policies.forget_published()
        judged = judge(row, now=moment)
        if judged.seal != seal:
            raise Changed
        if judged.faults:
            raise NotReady(judged.faults)
        policy = judged.policy
        version = PolicyVersion.objects.create(
            kind=policy.kind,
            version=policy.effective,
            text=policy.text,
            sha256=policy.sha256,
            material=policy.material,
            announced=policy.announced,
            summary=list(policy.summary),
            written_by=row.written_by,
            approved_by=by,
            published_at=moment,
        )
        row.delete()
    policies.forget_published()
    return version


def _locked(draft: PolicyDraft) -> PolicyDraft:
    row = PolicyDraft.objects.select_for_update().filter(pk=draft.pk).first()
    if row is None:
        raise Gone
    return row


def _clean(text: str) -> str:
    """Return a text with the line ends of our own and one at its end."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join(lines).strip() + "\n"
