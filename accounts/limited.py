"""Limit how often a form may be sent; whoever is stopped gets a 429."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.decorators import ratelimit

View = TypeVar("View", bound=Callable[..., Any])


def limited(
    rate: str | None = None,
    *,
    by: Literal["user", "ip"] = "user",
    method: Literal["POST", "GET"] = "POST",
) -> Callable[[View], View]:
    """Let a view be posted to, or read, so often, such as `6/h`, by each person or address.

    Without a rate it is the one of sign-ins, a setting.
    """

    def of_sign_ins(group: str, request: HttpRequest) -> str:
        return f"{settings.SIGN_INS_PER_MINUTE}/m"

    def decorate(view: View) -> View:
        return cast(View, ratelimit(key=by, rate=rate or of_sign_ins, method=method)(view))

    return decorate
