"""The documents: drafted by one, compared and seen as the site shows them, published by another."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from accounts.models import User
from billing.admin.read_only import staff_of
from lumyx.office import doors
from privacy import changes, pages, publishing
from privacy import policies as documents
from privacy.models import PolicyDraft
from privacy.publishing import Judged

MAY = "privacy.publish_policy"
FORM = ("GET", "HEAD", "POST")
LIST = "office:privacy_policies"
DRAFT = "office:privacy_policy_draft"


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]
    """A version as it is written."""

    class Meta:
        model = PolicyDraft
        fields = ("effective", "material", "summary", "text")
        labels = {
            "effective": "Takes effect on (UTC)",
            "material": "Material: it concerns people, so they are mailed and asked anew",
            "summary": "What changes",
            "text": "Text",
        }
        help_texts = {
            "effective": "A material change is announced 14 days ahead at least.",
            "summary": "In plain words, a change a line. Everybody reads it, also by mail.",
            "text": "Plain text. “1. Words” is a heading, “• words” an item of a list.",
        }
        widgets = {
            "effective": forms.DateInput(attrs={"type": "date"}),
            "summary": forms.Textarea(attrs={"rows": 4}),
            "text": forms.Textarea(attrs={"rows": 28, "class": "privacy-text"}),
        }


@doors.staff_page("privacy.view_policydraft")
def overview(request: HttpRequest) -> HttpResponse:
    """Show each document's versions, and what is being written."""
    kinds = [
        {
            "kind": kind,
            "title": title,
            "now": documents.current(kind),
            "versions": documents.every_version(kind)[::-1],
        }
        for kind, title in documents.TITLES.items()
    ]
    drafts = [publishing.judge(row) for row in PolicyDraft.objects.select_related("written_by")]
    context = {
        "kinds": kinds,
        "drafts": drafts,
        "may_write": staff_of(request).has_perm(MAY),
    }
    return doors.show(request, "office/privacy/policies.html", "Policies", context)


@doors.staff_page(MAY, methods=FORM)
def write(request: HttpRequest, kind: str) -> HttpResponse:
    """Begin a draft."""
    if kind not in documents.TITLES:
        raise Http404
    return _form(request, publishing.begin(kind, by=staff_of(request)), ADDITION)


@doors.staff_page(MAY, methods=FORM)
def rewrite(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Change a draft."""
    return _form(request, get_object_or_404(PolicyDraft, pk=draft_id), CHANGE)


def _form(request: HttpRequest, draft: PolicyDraft, what: int) -> HttpResponse:
    # The instance is changed by the form: the draft that is kept has to be the one of the form.
    form = DraftForm(request.POST if request.method == "POST" else None, instance=draft)
    if form.is_valid():
        try:
            with transaction.atomic():
                publishing.save(draft, by=staff_of(request))
                _log(request, draft, what, "Drafted." if what == ADDITION else "Rewritten.")
        except ValidationError as wrong:
            form.add_error(None, wrong)
        except publishing.Gone:
            return _gone(request)
        else:
            return redirect(DRAFT, draft.pk)
    title = f"{documents.TITLES[draft.kind]}: {'new draft' if what == ADDITION else 'draft'}"
    context = {"form": form, "draft": draft, "is_new": what == ADDITION}
    status = 400 if form.errors else 200
    return doors.show(request, "office/privacy/policy_form.html", title, context, status=status)


@doors.staff_page("privacy.view_policydraft")
def read(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Show what a draft changes, and what keeps it from being published."""
    judged = _judged(draft_id)
    context = {
        **_of(request, judged),
        "lines": changes.folded(changes.between(judged.follows, judged.policy)),
        "may_write": staff_of(request).has_perm(MAY),
    }
    title = f"Draft: {judged.policy.title.lower()}"
    return doors.show(request, "office/privacy/policy_draft.html", title, context)


@doors.staff_page("privacy.view_policydraft")
def preview(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Show a draft with the page that the site will show it with."""
    policy = _judged(draft_id).policy
    return render(request, "privacy/policy.html", pages.typeset(policy, before=None))


@doors.staff_page(MAY, methods=FORM)
def publish(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Say what publishing does, and publish."""
    draft = PolicyDraft.objects.filter(pk=draft_id).first()
    if draft is None:
        return _gone(request)
    if request.method == "POST":
        return _publish(request, draft)
    judged = publishing.judge(draft)
    told = User.objects.filter(is_active=True).exclude(email="").count()
    context = {**_of(request, judged), "told": told if judged.policy.material else 0}
    title = f"Publish the {judged.policy.title.lower()} of {judged.policy.effective:%-d %B %Y}?"
    return doors.show(request, "office/privacy/policy_publish.html", title, context)


def _publish(request: HttpRequest, draft: PolicyDraft) -> HttpResponse:
    try:
        with transaction.atomic():
            version = publishing.publish(
                draft, by=staff_of(request), seal=request.POST.get("seal", "")
            )
            _log(request, version, ADDITION, f"Published; sha256 {version.sha256}.")
    except publishing.Gone:
        return _gone(request)
    except publishing.SamePerson:
        messages.error(request, "Somebody else has to publish what you wrote. Nothing was done.")
    except publishing.Changed:
        messages.error(request, "The draft was changed meanwhile: look at it again.")
    except publishing.NotReady as wrong:
        messages.error(request, " ".join(wrong.faults))
    else:
        messages.success(request, f"Published: {version}. Mail goes out within the hour.")
        return redirect(LIST)
    return redirect(DRAFT, draft.pk)


@doors.staff_page(MAY, methods=FORM)
def discard(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Ask whether a draft is to go, and delete it."""
    draft = PolicyDraft.objects.filter(pk=draft_id).first()
    if draft is None:
        return _gone(request)
    if request.method != "POST":
        title = f"Discard the {draft}?"
        return doors.show(request, "office/privacy/policy_discard.html", title, {"draft": draft})
    try:
        with transaction.atomic():
            _log(request, draft, DELETION, "Discarded.")
            publishing.discard(draft)
    except publishing.Gone:
        return _gone(request)
    messages.success(request, f"Discarded: {draft}.")
    return redirect(LIST)


def _judged(draft_id: uuid.UUID) -> Judged:
    rows = PolicyDraft.objects.select_related("written_by")
    return publishing.judge(get_object_or_404(rows, pk=draft_id))


def _of(request: HttpRequest, judged: Judged) -> dict[str, Any]:
    mine = judged.draft.written_by_id in (None, staff_of(request).pk)
    last = judged.policy.effective - documents.AHEAD
    return {
        "judged": judged,
        "draft": judged.draft,
        "policy": judged.policy,
        "is_mine": mine,
        "publish_by": last if judged.policy.material else judged.policy.effective,
        "days_left": (last - timezone.now().date()).days if judged.policy.material else None,
    }


def _gone(request: HttpRequest) -> HttpResponse:
    messages.warning(request, "This draft was published or discarded meanwhile.")
    return redirect(LIST)


def _log(request: HttpRequest, row: Model, what: int, words: str) -> None:
    LogEntry.objects.log_actions(staff_of(request).pk, [row], what, words, single_object=True)
