"""Leaks that tests plant, and middlewares that a careless day might bring."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client

from privacy.conformance import clauses, run

Leak = Callable[[], object]
CANARY = "canary-7f3a the patient said that"


def tracking(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: follow people with a cookie that lasts."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.set_cookie("visitor", "1", max_age=31_536_000)
        return response

    return middleware


def pixel(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: put somebody else's picture into every page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.content += b'<img alt="" src="https://ads.example/pixel.gif">'
        return response

    return middleware


def sql(statement: str, *values: Any) -> None:
    """Run a statement as somebody with a database console would."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def states(*names: str, now: datetime | None = None) -> dict[str, str]:
    """Run the checks of some clauses; return how the public page shows them."""
    run.check([c for c in clauses.CLAUSES if c.id in names], now=now)
    page = Client().get("/privacy/conformance").content.decode()
    shown = {}
    for name in names:
        at = page.split(f'<article class="promise" id="{name}" data-state="')[1]
        shown[name] = at.split('"')[0]
    return shown


def caught(plant: Leak, *names: str, said: str = "") -> None:
    """Plant a leak: the checks were silent, speak up, and are silent again once it is gone."""
    assert states(*names) == dict.fromkeys(names, "kept")
    with transaction.atomic():
        plant()
        assert states(*names) == dict.fromkeys(names, "not_kept")
        assert said in Client().get("/privacy/conformance").content.decode()
        transaction.set_rollback(True)
    assert states(*names) == dict.fromkeys(names, "kept")
