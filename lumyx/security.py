"""The content security policy of the admin, whose scripts are others' and need more."""

from collections.abc import Callable
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

ADMIN = {
    "script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
}


def admin_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: let the admin's own scripts run; nothing foreign may be loaded there either."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith("/admin/"):
            response._csp_replace = ADMIN  # type: ignore[attr-defined]
        return response

    return middleware
