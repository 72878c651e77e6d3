"""How pages of the back office are opened: by whom, with which reason, and what is noted of it."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Protocol, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.admin.read_only import staff_of
from privacy.admin_rows import Rows
from privacy.models import Look


class StaffView(Protocol):
    """A page of the back office, and what it asks of who opens it."""

    methods: tuple[str, ...]
    permissions: tuple[str, ...]
    shows_people: Look | None

    def __call__(self, request: HttpRequest, /, *args: Any, **kwargs: Any) -> Any:
        """Answer a request."""


def staff_page(
    *permissions: str,
    people: Look | None = None,
    methods: Sequence[str] = ("GET", "HEAD"),
) -> Callable[[Callable[..., Any]], StaffView]:
    """Let in staff who have all of these permissions; the second factor was asked for before.

    A page that shows people says how: then staff are asked for a reason first, and it answers
    with `show(…, people=rows)`, or calls `request.visit.note` itself. A form about somebody is
    sent to an address with their `user_id`, and is noted before it is read; the form of a search,
    which is a page with `Look.FOUND` and does nothing, needs none.
    """

    def decorate(view: Callable[..., Any]) -> StaffView:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: Any, **kwargs: Any) -> Any:
            if not staff_of(request).has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        page: Any = never_cache(require_http_methods(list(methods))(guarded))
        page.methods = tuple(methods)
        page.permissions = permissions
        page.shows_people = people
        return cast(StaffView, page)

    return decorate


def show(
    request: HttpRequest,
    template: str,
    title: str,
    context: Mapping[str, Any] | None = None,
    *,
    people: Rows | None = None,
    status: int = 200,
) -> TemplateResponse:
    """Return a page in the admin's frame; `people` are the rows of people that it shows."""
    found: dict[str, Any] = {**admin.site.each_context(request), "title": title, **(context or {})}
    if people is not None:
        found["people_rows"] = people
    return TemplateResponse(request, template, found, status=status)
