"""The personal data that privacy itself holds, and what Django's own tables say of people."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet

from accounts.data_sets import (
    WHILE_ACTIVE,
    Classified,
    DataSet,
    NotPersonal,
    OnErasure,
    Purpose,
)
from accounts.models import User
from accounts.nabzclan import members
from privacy import owners, secrecy
from privacy.models import (
    KEPT_DAYS,
    Acceptance,
    DataRequest,
    Disclosure,
    Erasure,
    Errand,
    Export,
    InactivityNotice,
    Notice,
    RequestStep,
    StaffAccess,
)


def acts_of_staff(user: User) -> QuerySet[Any]:
    """Return what staff did to somebody in the admin: to any row of theirs."""
    found = Q()
    for kind, keys in _rows_of(user):
        found |= Q(content_type=kind, object_id__in=keys)
    named = Q(object_repr__contains=str(user.pk)) | Q(change_message__contains=str(user.pk))
    return LogEntry.objects.filter(found | named)


def _acts_they_may_know_of(user: User) -> QuerySet[Any]:
    return secrecy.acts(user, acts_of_staff(user))


def _rows_of(user: User) -> Iterator[tuple[int, list[str]]]:
    """Yield the kinds of rows that staff ever acted on, with somebody's rows of each.

    Other kinds are not asked about: whoever calls a lot has many rows that nobody acts on.
    """
    kinds = LogEntry.objects.order_by().values_list("content_type", flat=True).distinct()
    for number in kinds:
        model = ContentType.objects.get_for_id(number).model_class() if number else None
        if number is None or model is None or model is LogEntry or not owners.is_personal(model):
            continue
        acts = LogEntry.objects.filter(content_type=number).order_by()
        acted_on = acts.values_list("object_id", flat=True).distinct()
        yield number, owners.theirs(model, user.pk, among=acted_on)


DATA: list[Classified] = [
    DataSet(
        name="acceptances",
        title="What you accepted",
        about="Each version of a document you accepted, with the digest of its text.",
        model=Acceptance,
        of=lambda user: Acceptance.objects.filter(user=user),
        columns=("kind", "version", "sha256", "accepted_at"),
        plumbing=("id", "user"),
        purposes=(Purpose.LAW,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="notices",
        title="What we told you of",
        about="The mails about documents that were to change.",
        model=Notice,
        of=lambda user: Notice.objects.filter(user=user),
        columns=("kind", "version", "mailed_at"),
        plumbing=("id", "user", "claimed_at"),
        purposes=(Purpose.MESSAGES, Purpose.LAW),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="inactivity-notices",
        title="What we told you of your unused account",
        about="The notices that your account would be closed, since nobody used it.",
        model=InactivityNotice,
        of=lambda user: InactivityNotice.objects.filter(user=user),
        columns=("nth", "sent_at"),
        plumbing=("id", "user"),
        purposes=(Purpose.MESSAGES, Purpose.LAW),
        kept="until you use your account again",
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="requests",
        title="Your requests",
        about="What you asked of us, and by when it is answered if it is about your data.",
        model=DataRequest,
        of=lambda user: DataRequest.objects.filter(user=user),
        columns=("id", "kind", "email", "words", "opened_at", "due_at", "state", "closed_at"),
        staff=("owner",),
        plumbing=("user", "alarmed_at"),
        purposes=(Purpose.MESSAGES, Purpose.LAW),
        kept="its words until 30 days after it was answered",
        on_erasure=OnErasure.BLANK,
        kept_because="That a request was made and answered must be shown, without by whom.",
    ),
    DataSet(
        name="request-steps",
        title="What was done about them",
        about="Each step that staff took, and the evidence of it.",
        model=RequestStep,
        of=lambda user: RequestStep.objects.filter(request__user=user),
        columns=("request", "at", "words", "evidence"),
        staff=("by",),
        plumbing=("id",),
        purposes=(Purpose.MESSAGES, Purpose.LAW),
        kept="its words until 30 days after it was answered",
        on_erasure=OnErasure.BLANK,
        kept_because="That a request was made and answered must be shown, without by whom.",
    ),
    DataSet(
        name="acts-of-staff",
        title="What staff changed",
        about="What staff changed in your account by hand.",
        model=LogEntry,
        of=acts_of_staff,
        shown=_acts_they_may_know_of,
        columns=(
            *("action_time", "content_type", "object_id", "object_repr", "action_flag"),
            "change_message",
        ),
        staff=("user",),
        plumbing=("id",),
        purposes=(Purpose.LIMITS, Purpose.LAW),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.BLANK,
        kept_because="That staff acted is kept for security, without whom it concerned.",
    ),
    DataSet(
        name="staff-access",
        title="Staff who looked",
        about="When a member of staff saw what we hold about you, at what, and why.",
        model=StaffAccess,
        of=lambda user: StaffAccess.objects.filter(user=user),
        shown=secrecy.looks,
        columns=("at", "kind", "object_id", "how", "reason"),
        staff=("staff",),
        plumbing=("id", "user"),
        purposes=(Purpose.LIMITS, Purpose.LAW),
        kept="24 months",
        days=KEPT_DAYS,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="disclosures",
        title="What authorities demanded",
        about="Which data about you an authority demanded by law, on what basis, and what became"
        " of it; while a law or a court forbids to tell you, it is not shown.",
        model=Disclosure,
        of=lambda user: Disclosure.objects.filter(person=user),
        shown=secrecy.disclosures,
        columns=(
            *("id", "authority", "legal_basis", "reference", "received_on", "data_sets", "note"),
            *("secret_until", "secrecy_basis", "state", "requested_at", "decided_at"),
            "told_person_at",
        ),
        staff=("requested_by", "decided_by"),
        plumbing=("person",),
        purposes=(Purpose.LAW,),
        kept="3 years after it was decided",
        on_erasure=OnErasure.BLANK,
        kept_because="That an authority was answered must be shown, without whom it concerned.",
    ),
    DataSet(
        name="exports",
        title="Your exports",
        about="When you asked for a copy of your data, and how large it is, in bytes.",
        model=Export,
        of=lambda user: Export.objects.filter(user=user),
        columns=(
            *("id", "state", "asked_at", "ready_at", "expires_at", "rows_done"),
            *("rows_expected", "size"),
        ),
        plumbing=("user", "moved_at", "tries"),
        purposes=(Purpose.LAW,),
        kept=f"{settings.EXPORT_DAYS} days, with the file",
        days=settings.EXPORT_DAYS,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="deletions",
        title="Deletions",
        about="When you asked to be deleted, and how far that is.",
        model=Erasure,
        of=lambda user: Erasure.objects.filter(user=user),
        columns=("id", "why", "state", "asked_at", "grace_until", "removed_at", "done_at"),
        secrets=("sealed",),
        plumbing=(
            *("user", "request", "state_before", "moved_at", "next_at", "tries", "removed"),
            *("scanned", "receipt"),
        ),
        purposes=(Purpose.LAW,),
        kept="the receipt, without whom it concerned, as proof",
        on_erasure=OnErasure.BLANK,
        kept_because="That a deletion was asked for and done must be shown, without by whom.",
    ),
    DataSet(
        name="deletions-elsewhere",
        title="Deletions elsewhere",
        about="What we ask others to delete with you, until they have done so.",
        model=Errand,
        of=lambda user: Errand.objects.filter(erasure__user=user),
        columns=("kind", "done_at"),
        secrets=("sealed",),
        plumbing=("id", "erasure", "tries", "next_at", "problem"),
        purposes=(Purpose.LAW,),
        kept="what it is about until it is done",
        on_erasure=OnErasure.BLANK,
        kept_because="That others were asked must be shown, without for whom.",
    ),
    NotPersonal(
        label="privacy.ProbeResult",
        why="What the checks of our promises found: words and figures, never anybody's data.",
        columns=(
            *("id", "clause", "ran_at", "passed", "applies", "said", "details", "measured"),
            *("since", "milliseconds"),
        ),
    ),
    NotPersonal(
        label="privacy.CanaryRun",
        why="What became of a customer who was made up.",
        columns=("id", "ran_at", "ended_at", "passed", "said", "steps"),
    ),
    NotPersonal(
        label="privacy.SecurityReview",
        why="Our own reviews of security: when, of what, what was found and done.",
        columns=(
            *("id", "held_on", "scope", "findings", "actions", "created_at", "warned_at"),
            "alarmed_on",
        ),
        staff=("by",),
    ),
    NotPersonal(
        label="privacy.PolicyDraft",
        why="A version of a document that is being written.",
        columns=("id", "kind", "effective", "text", "summary", "material", "changed_at"),
        staff=("written_by",),
    ),
    NotPersonal(
        label="privacy.PolicyVersion",
        why="A version of a document that was published, for everybody to read.",
        columns=(
            *("id", "kind", "version", "text", "sha256", "material", "announced", "summary"),
            "published_at",
        ),
        staff=("written_by", "approved_by"),
    ),
    NotPersonal(
        label="contenttypes.ContentType",
        why="Names the kinds of rows.",
        columns=("id", "app_label", "model"),
    ),
]


FORMER_STAFF = "former staff"
"""To whom the acts of members of staff are ascribed who were erased; nobody can be this person."""


def erase_many(user: User) -> None:
    """Blank what staff did to somebody, while it can still be told whose it was."""
    acts_of_staff(user).update(object_id="", object_repr="", change_message="")
    own = LogEntry.objects.filter(user=user)
    if own.exists():
        own.update(user=_former_staff())


def _former_staff() -> User:
    """Return nobody: whoever chose this name comes from NabzClan, and is somebody else."""
    nobody = User.objects.filter(
        nabzclan_id=None, is_active=False, username__startswith=FORMER_STAFF
    )
    found = nobody.first()
    if found is None:
        found = User(username=members.free_name(FORMER_STAFF), is_active=False)
        found.set_unusable_password()
        found.save()
    return found


def delete_exports(user: User) -> None:
    """Delete all copies of somebody's, with their files."""
    for export in Export.objects.filter(user=user):
        export.path.unlink(missing_ok=True)
        export.delete()


def erase(user: User) -> None:
    """Delete what privacy holds, and blank what it must show, within the caller's transaction."""
    delete_exports(user)
    for model in (Acceptance, InactivityNotice, Notice, StaffAccess):
        model._default_manager.filter(user=user).delete()
    Disclosure.objects.filter(person=user).update(person=None, note="")
    # Who reports a child says something of the child; what names the reporter stays theirs.
    about = DataRequest.objects.filter(Q(user=user) | Q(erasures__user=user))
    RequestStep.objects.filter(request__in=about).update(words="", evidence="")
    about.update(words="")
    DataRequest.objects.filter(user=user).update(user=None, words="", email="")
