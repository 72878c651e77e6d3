"""Exports and deletions that the privacy officer begins, for people and for children."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.models import ADDITION
from django.core.validators import ProhibitNullCharactersValidator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.models import User
from billing.admin import confirmed
from billing.admin.read_only import staff_of
from lumyx.office.customers import acts
from privacy import data_requests, exports, on_behalf
from privacy.admin_rows import Rows
from privacy.models import DataRequest, RequestKind, RequestState

LONGEST = 4_000


def _words(label: str, help_text: str, *, rows: int) -> forms.CharField:
    return forms.CharField(
        label=label,
        min_length=confirmed.REASON_LEAST,
        max_length=LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}),
        validators=[ProhibitNullCharactersValidator()],
        help_text=help_text,
    )


class AskedForm(forms.Form):
    """What somebody asked for elsewhere, and how it is known that it was them."""

    words = _words(
        "What did they ask for, and how?",
        "They read it in their privacy centre.",
        rows=3,
    )
    evidence = _words(
        "Evidence that it was them",
        "Such as the number of a mail, and how you made sure. Kept with the request.",
        rows=2,
    )


class ChildForm(forms.Form):
    """Which report is confirmed, and by what."""

    report = forms.ModelChoiceField(
        queryset=DataRequest.objects.filter(
            kind=RequestKind.CHILD, state=RequestState.OPEN
        ).order_by("due_at"),
        empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )
    words = _words("What was done to find out?", "Added to the report’s steps.", rows=3)
    evidence = _words("Evidence", "Such as the number of a mail.", rows=2)
    username = forms.CharField(
        label="Type the username once more",
        max_length=150,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, child: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._child = child
        report: Any = self.fields["report"]
        report.label_from_instance = lambda row: f"{row.number}, due {row.due_at:%-d %B, %H:%M} UTC"

    def clean_username(self) -> str:
        """Refuse another name."""
        name: str = self.cleaned_data["username"].strip()
        if name.lower() != self._child.username.lower():
            raise forms.ValidationError("That is not the username of this account.")
        return name


def _customer(user_id: UUID) -> User:
    """Return a customer; members of staff are neither exported nor erased by others."""
    user = get_object_or_404(User, pk=user_id)
    if user.is_staff:
        raise Http404
    return user


@acts.act(acts.FOR_PERSON)
def export(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Have a copy of everything made for a customer who asked for it elsewhere."""
    user = _customer(user_id)
    form = AskedForm(acts.sent(request))
    if not form.is_valid():
        return acts.ask(request, user, _exporting(user), form)
    try:
        opened = on_behalf.export(user, by=staff_of(request), **form.cleaned_data)
    except on_behalf.UnderWay:
        words = "Nothing was begun: a copy is being made, or lies ready."
        return acts.back(request, user, words, level=messages.WARNING)
    except exports.TooMany:
        words = f"Nothing was begun: {exports.MOST_A_DAY} copies a day are the most."
        return acts.back(request, user, words, level=messages.ERROR)
    acts.log(request, opened, "Export begun on somebody’s behalf.", flag=ADDITION)
    words = f"The copy is being made. Request {opened.number} stays open until you end it."
    return acts.back(request, user, words, level=messages.SUCCESS)


def _exporting(user: User) -> acts.Act:
    return acts.Act(
        title=f"Start an export for {user.username}",
        happens=[
            f"A copy of everything held about {user.username} is made, within minutes.",
            f"They alone can fetch it: in the privacy centre, for {exports.KEPT.days} days, after"
            " they signed in. You do not see it.",
            "A request is opened in your name, or theirs goes on. It stays open until you end it"
            " with evidence.",
        ],
        undo="Nothing of theirs changes. The copy deletes itself.",
        button="Start the export",
    )


@acts.act(acts.FOR_PERSON)
def delete(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Begin the deletion of a customer who asked for it elsewhere."""
    user = _customer(user_id)
    form = AskedForm(acts.sent(request))
    if not form.is_valid():
        return acts.ask(request, user, _deleting(user), form)
    try:
        begun = on_behalf.delete(user, by=staff_of(request), **form.cleaned_data)
    except on_behalf.UnderWay:
        words = "Nothing was begun: a deletion is under way."
        return acts.back(request, user, words, level=messages.WARNING)
    acts.log(request, begun, "Deletion begun on somebody’s behalf.", flag=ADDITION)
    words = (
        f"The deletion is begun. They can come back until {begun.grace_until:%-d %B, %H:%M} UTC."
    )
    return acts.back(request, user, words, level=messages.SUCCESS)


def _deleting(user: User) -> acts.Act:
    days = settings.ERASURE_GRACE_DAYS
    return acts.Act(
        title=f"Start the deletion of {user.username}",
        happens=[
            f"Every key of {user.username} stops and every session ends, now.",
            f"They get a mail about it. After {days} days all that is held is erased, save the"
            " books that the law has us keep, without a name.",
            "Unspent credits are lost. Refund what they want back before.",
        ],
        undo=f"Within {days} days they can come back by signing in. After that nobody can undo it.",
        button="Start the deletion",
        danger=True,
    )


@acts.act(acts.CHILD)
def erase_child(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Confirm that an open report of a child is about this account, which is erased at once."""
    user = _customer(user_id)
    form = ChildForm(acts.sent(request), child=user)
    choices: Any = form.fields["report"]
    reports = list(choices.queryset[:100])
    if not reports:
        words = "Nothing was changed: no report of a child is open. Open one first."
        return acts.back(request, user, words, level=messages.WARNING)
    if not form.is_valid():
        rows: Rows = [(DataRequest, row.pk) for row in reports]
        return acts.ask(request, user, _confirming(user), form, rows=rows)
    said = form.cleaned_data
    acts.note(request, [(DataRequest, said["report"].pk)])
    try:
        begun = on_behalf.erase_child(
            user,
            said["report"],
            by=staff_of(request),
            words=said["words"],
            evidence=said["evidence"],
        )
    except data_requests.Closed:
        words = "Nothing was changed: the report was ended meanwhile."
        return acts.back(request, user, words, level=messages.WARNING)
    acts.log(request, begun, "A child’s account: erased without grace.", flag=ADDITION)
    words = "The report is confirmed. The account is erased within the hour."
    return acts.back(request, user, words, level=messages.SUCCESS)


def _confirming(user: User) -> acts.Act:
    return acts.Act(
        title=f"Confirm that {user.username} is a child under 13",
        happens=[
            f"Every key of {user.username} stops and every session ends, now.",
            "Within the hour all that is held is erased, save the books that the law has us keep,"
            " without a name. Nobody is waited for.",
            "The report ends by itself once everything is gone.",
        ],
        undo="It cannot be undone.",
        button="Confirm the report and erase",
        danger=True,
    )
