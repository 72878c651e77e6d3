"""The admin shows and changes nothing of people's without a reason, and a row about it first."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

from accounts.models import User
from billing.admin import confirmed
from billing.admin.read_only import staff_of
from privacy import admin_rows, owners, reasons, staff_access
from privacy.admin_rows import Rows
from privacy.models import Look

SEARCH = "admin:autocomplete"


class Unlogged(Exception):
    """A page about people does not say which rows it shows, so that it cannot be shown."""


class Visit:
    """A page about people, as it is asked for by a member of staff with a reason."""

    def __init__(self, request: HttpRequest, reason: str, how: Look) -> None:
        self.request = request
        self.reason = reason
        self.how = how
        self.noted = False
        """Whether it is known whose rows the answer shows."""

    def note(self, rows: Rows, how: Look) -> None:
        """Write down whose rows they are."""
        seen: dict[type[Model], set[object]] = {}
        for model, key in rows:
            if owners.is_personal(model):
                seen.setdefault(model, set()).add(key)
        staff_access.note(staff_of(self.request), seen, how=how, reason=self.reason)


class Logged:
    """Middleware: asks staff for a reason, and notes what they see or do before it happens."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let no answer out that was not noted; errors and redirects show nobody."""
        response = self.get_response(request)
        visit = _visit(request)
        if visit is None or visit.noted or response.status_code != 200:
            return response
        field = admin_rows.searched(request) if _place(request) == SEARCH else None
        if field is None:
            raise Unlogged(_place(request))
        visit.note(admin_rows.found(field, response), Look.FOUND)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Ask for the reason, and note what is about to be done."""
        if not request.path.startswith(reasons.ADMIN):
            return None
        model_admin: Any = getattr(view, "model_admin", None) or kwargs.get("model_admin")
        how: Look | None = getattr(view, "shows_people", None)
        if how is None and not _is_personal(request, model_admin):
            return None
        if how is not None and not _is_let_in(request, view):
            return None
        reason = reasons.given(request)
        if reason is None:
            return reasons.ask(request, page=_place(request) != SEARCH)
        visit = Visit(request, reason, how or _how(request))
        request.visit = visit  # type: ignore[attr-defined]
        if _place(request) == SEARCH:
            return None
        if how is not None:
            # A search is posted, so that no address holds what was searched for; it does nothing.
            if request.method not in reasons.LOOKING and how is not Look.FOUND:
                visit.note([(User, kwargs["user_id"])], Look.ACTED)
                visit.noted = True
        elif request.method not in reasons.LOOKING and confirmed.only_asks(request, model_admin):
            # Nothing is done yet; the page that asks is noted as one that was opened.
            visit.how = Look.OPENED
            return None
        elif request.method not in reasons.LOOKING:
            visit.note(*admin_rows.acted_on(request, model_admin, kwargs))
            visit.noted = True
        elif _place(request).endswith("_add"):
            visit.note(admin_rows.chosen(model_admin.model, request.GET), Look.OPENED)
        return None

    def process_template_response(
        self, request: HttpRequest, response: SimpleTemplateResponse
    ) -> SimpleTemplateResponse:
        """Note what a page is about to show."""
        visit = _visit(request)
        if visit is None:
            return response
        try:
            rows = admin_rows.shown(response.context_data or {})
        except LookupError:
            raise Unlogged(_place(request)) from None
        visit.note(rows, visit.how)
        visit.noted = True
        return response


def _is_personal(request: HttpRequest, model_admin: Any) -> bool:
    if _place(request) == SEARCH:
        field = admin_rows.searched(request)
        return field is not None and owners.is_personal(field.remote_field.model)
    return model_admin is not None and owners.is_personal(model_admin.model)


def _is_let_in(request: HttpRequest, view: Any) -> bool:
    """Return whether a page of the back office will not refuse to be asked like this."""
    staff = staff_of(request)
    return request.method in view.methods and staff.has_perms(view.permissions)


def _visit(request: HttpRequest) -> Visit | None:
    return getattr(request, "visit", None)


def _place(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _how(request: HttpRequest) -> Look:
    place = _place(request)
    if place.endswith("_changelist"):
        return Look.LIST
    return Look.HISTORY if place.endswith("_history") else Look.OPENED
