"""Limit how often a form may be sent; whoever is stopped gets a 429 that says for how long."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Literal, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage
from django_ratelimit.exceptions import Ratelimited

READS = ("GET", "HEAD")
View = TypeVar("View", bound=Callable[..., Any])


class TooOften(Ratelimited):  # type: ignore[misc]
    """A form was sent too often; it may be sent again in some seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


def limited(
    rate: str | None = None,
    *,
    by: Literal["user", "ip"] = "user",
    methods: Sequence[str] = ("POST",),
) -> Callable[[View], View]:
    """Let a view be posted to, or read, so often, such as `6/h`, by each person or address.

    Without a rate it is the one of sign-ins, a setting.
    """

    def of_sign_ins(group: str, request: HttpRequest) -> str:
        return f"{settings.SIGN_INS_PER_MINUTE}/m"

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            _count(request, fn=view, key=by, rate=rate or of_sign_ins, method=methods)
            return view(request, *args, **kwargs)

        return cast(View, counted)

    return decorate


def count(request: HttpRequest, rate: str, *, of: str, by: Literal["user", "ip"] = "user") -> None:
    """Count one more of something; raises TooOften above a rate such as `5/h`."""
    _count(request, group=of, key=by, rate=rate)


def _count(request: HttpRequest, **what: Any) -> None:
    usage = get_usage(request, **what, increment=True)
    if usage is not None and usage["should_limit"]:
        raise TooOften(max(int(usage["time_left"]), 1))
