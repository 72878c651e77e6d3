"""Acts on chosen rows of a list: a page says first what will happen, a second form does it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.wording import WordedForm

MOST = 500
"""So many rows can be read and agreed to at once."""
REASON_LEAST, REASON_MOST = 5, 180
REASON_HELP = "Such as a ticket. The customer can read it: no names, and nothing about others."
AGREED = "confirmed"
"""The field of the form that agrees."""

Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]
Act = Callable[[Any, HttpRequest, QuerySet[Any], str], None]


@dataclass(frozen=True)
class Question:
    """What an act does, in words: `each` says it of one row, `undo` whether it can be undone."""

    title: str
    each: Callable[[Any], str]
    undo: str
    button: str
    danger: bool = False
    reason: bool = True
    """Whether it concerns a person, so that somebody has to say why."""


class ReasonForm(WordedForm):
    """Why something is done."""

    reason = forms.CharField(
        label="Why?",
        min_length=REASON_LEAST,
        max_length=REASON_MOST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        validators=[ProhibitNullCharactersValidator()],
        help_text=REASON_HELP,
    )


class ReasonChecked:
    """A form whose reason has to tell somebody something."""

    cleaned_data: dict[str, Any]

    def clean_reason(self) -> str:
        """Refuse a letter or two."""
        reason = str(self.cleaned_data["reason"]).strip()
        if len(reason) < REASON_LEAST:
            raise forms.ValidationError(f"Say why, in at least {REASON_LEAST} characters.")
        return reason


def first(question: Question) -> Callable[[Act], Action]:
    """Let an action of the admin happen once its page was read and agreed to.

    It gets the rows that the page named, and the reason that was given there.
    """

    def decorate(act: Act) -> Action:
        @wraps(act)
        def ask_or_act(
            admin: Any, request: HttpRequest, queryset: QuerySet[Any]
        ) -> HttpResponse | None:
            # One more than can be shown tells that there are more.
            rows = list(queryset[: MOST + 1])
            if len(rows) > MOST:
                admin.message_user(
                    request, f"Nothing was changed: choose at most {MOST} rows.", messages.ERROR
                )
                return None
            agreed = agrees(request.POST)
            form = ReasonForm(request.POST if agreed else None)
            if not agreed or (question.reason and not form.is_valid()):
                return _ask(admin, request, question, rows, form)
            gone = len(set(request.POST.getlist(ACTION_CHECKBOX_NAME))) - len(rows)
            if gone > 0:
                words = f"{gone} of the rows are not in this list any more; nothing was done there."
                admin.message_user(request, words, messages.WARNING)
            act(admin, request, queryset, form.cleaned_data["reason"] if question.reason else "")
            return None

        ask_or_act.asks_first = True  # type: ignore[attr-defined]
        return ask_or_act

    return decorate


def agrees(sent: QueryDict) -> bool:
    """Return whether a sent form agrees to what its page said."""
    return sent.get(AGREED) == "yes"


def only_asks(request: HttpRequest, model_admin: Any) -> bool:
    """Return whether a sent form only leads to the page that says what would happen."""
    chosen = model_admin.get_actions(request).get(request.POST.get("action"))
    return chosen is not None and hasattr(chosen[0], "asks_first") and not agrees(request.POST)


def _ask(
    admin: Any, request: HttpRequest, question: Question, rows: list[Any], form: ReasonForm
) -> HttpResponse:
    context = {
        **admin.admin_site.each_context(request),
        "title": question.title,
        "opts": admin.opts,
        "question": question,
        "happens": [question.each(row) for row in rows],
        "form": form if question.reason else None,
        "action": request.POST["action"],
        "chosen": ACTION_CHECKBOX_NAME,
        # By this name the log of what staff saw finds the rows.
        "queryset": rows,
    }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "billing/confirm_act.html", context, status=status)
