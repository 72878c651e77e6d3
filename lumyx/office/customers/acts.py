"""How staff do something about a customer: a page that says what will happen, a reason, a log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from accounts import second_factor
from accounts.models import User
from billing.admin.read_only import staff_of
from lumyx.office import doors
from privacy.admin_rows import Rows
from privacy.models import Look

FREEZE = "accounts.freeze_user"
REVOKE = "gateway.change_apikey"
CREDIT = "billing.add_adjustment"
REFUND = "billing.add_refund"
FOR_PERSON = "privacy.begin_datarequest"
CHILD = "privacy.change_datarequest"


@dataclass(frozen=True)
class Act:
    """What somebody is about to do, in words; `undo` says whether it can be undone."""

    title: str
    happens: Sequence[str]
    undo: str
    button: str
    danger: bool = False


def act(permission: str) -> Callable[[Callable[..., Any]], doors.StaffView]:
    """Let staff with a permission do something about the person of the address.

    The second factor is asked for before the form, so that nothing is typed in vain; what is sent
    without it is refused before it comes here.
    """

    def decorate(view: Callable[..., Any]) -> doors.StaffView:
        @wraps(view)
        def factor_first(request: HttpRequest, /, *args: Any, **kwargs: Any) -> Any:
            if not second_factor.shown_recently(request, staff_of(request)):
                messages.warning(request, "Show your second factor first. Nothing was changed.")
                back = urlencode({"next": request.get_full_path()})
                return redirect(f"{reverse('mfa_reauthenticate')}?{back}")
            return view(request, *args, **kwargs)

        door = doors.staff_page(
            *("accounts.view_user", permission),
            people=Look.OPENED,
            methods=("GET", "HEAD", "POST"),
        )
        return door(factor_first)

    return decorate


def ask(
    request: HttpRequest,
    user: User,
    what: Act,
    form: forms.BaseForm,
    *,
    confirming: bool = False,
    rows: Rows | None = None,
) -> HttpResponse:
    """Show what will happen, with the form that makes it happen.

    With `confirming` the form was filled in and is sent once more, as it is.
    """
    context = {"person": user, "act": what, "form": form, "confirming": confirming}
    return doors.show(
        request,
        "office/customers/act.html",
        what.title,
        context,
        people=[(User, user.pk), *(rows or [])],
        status=400 if form.errors else 200,
    )


def sent(request: HttpRequest) -> QueryDict | None:
    """Return the form that was sent, or None where it is only asked for."""
    return request.POST if request.method == "POST" else None


def confirmed(request: HttpRequest) -> bool:
    """Return whether what will happen was read and agreed to."""
    return request.POST.get("confirmed") == "yes"


def rethought(request: HttpRequest) -> bool:
    """Return whether what will happen was read, and is to be put differently."""
    return request.POST.get("confirmed") == "no"


def log(request: HttpRequest, row: Model, words: str, *, flag: int = CHANGE) -> None:
    """Write into the admin's log what was done to a row."""
    LogEntry.objects.log_actions(staff_of(request).pk, [row], flag, words, single_object=True)


def note(request: HttpRequest, rows: Rows) -> None:
    """Write down whose other rows it is done to; of the person themselves it is noted before."""
    request.visit.note(rows, Look.ACTED)  # type: ignore[attr-defined]


def back(request: HttpRequest, user: User, words: str, *, level: int) -> HttpResponse:
    """Lead back to the customer, with a word on what became of it."""
    messages.add_message(request, level, words)
    return redirect("office:customer", user_id=user.pk)
