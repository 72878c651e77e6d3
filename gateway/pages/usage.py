"""The pages of calls: read, call, respond."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.limited import READS, limited
from accounts.pages import signed_in
from billing import accounts
from billing.models import Account
from gateway import call_receipts, calls, downloads, plain_words
from gateway.errors import ApiError
from gateway.models import ApiKey, Model
from gateway.models.keys import LOG_DAYS_MOST
from gateway.pages.usage_forms import UsageForm
from gateway.tallies import Book
from gateway.usage import Query

TOTALS_AT_ONCE, TOTALS_LATER = 0.01, 0.03
"""Seconds that a page, and each later look, may add up for."""
EVERY_SECONDS = 10


@dataclass(frozen=True)
class Asked:
    """What one request asks for, and of whose calls."""

    account: Account
    keys: list[ApiKey]
    form: UsageForm
    query: Query
    book: Book

    @property
    def first_page(self) -> bool:
        """Whether this is the page that new calls appear on."""
        return self.query.after is None and not self.form.chosen

    def names(self) -> dict[str, str]:
        """Return the names of the account's keys by their ids."""
        return {key.pk.hex: key.name for key in self.keys}


def _asked(request: HttpRequest) -> Asked:
    """Read the address; raises Http404 where its cursor is none of ours."""
    user, now = signed_in(request), datetime.now(UTC)
    account = accounts.open_for(user)
    keys = list(user.api_keys.order_by("name", "created_at"))
    models = Model.objects.values_list("name", flat=True)
    form = UsageForm(request.GET.dict(), models=list(models), keys=keys)
    form.is_valid()
    try:
        query = form.query(now=now, cursor=request.GET.get("cursor", ""))
    except ApiError:
        raise Http404 from None
    return Asked(account, keys, form, query, Book(account, keys, now=now))


@never_cache
@login_required
@require_safe
def usage(request: HttpRequest) -> HttpResponse:
    """Show the account's calls, newest first."""
    asked = _asked(request)
    # Whoever has no JavaScript to ask for the rest asks for this page to wait for more of it.
    waits = "wait" in request.GET
    context = _page(asked, seconds=TOTALS_LATER if waits else TOTALS_AT_ONCE, hasty=not waits)
    short = [key for key in asked.keys if key.log_days < LOG_DAYS_MOST]
    context |= {
        "form": asked.form,
        "filtered": bool(asked.form.chosen),
        "paged": asked.query.after is not None,
        "newest": asked.form.address(),
        "download": asked.form.address(),
        "short": short,
        "has_key": any(key.revoked_at is None for key in asked.keys),
    }
    status = 400 if asked.form.errors else 200
    return render(request, "gateway/usage/usage.html", context, status=status)


@never_cache
@login_required
@require_safe
def more_rows(request: HttpRequest) -> HttpResponse:
    """Look further back, where a page's time was over."""
    return render(request, "gateway/usage/rows.html", _rows(_asked(request)))


@never_cache
@login_required
@require_safe
def new_rows(request: HttpRequest) -> HttpResponse:
    """Show the first page and what it adds up to anew where either has changed."""
    context = _page(_asked(request), seconds=TOTALS_LATER)
    if context["seen"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "gateway/usage/update.html", context)


@never_cache
@login_required
@require_safe
def totals(request: HttpRequest) -> HttpResponse:
    """Go on adding up what fits the filters."""
    context = _totals(_asked(request), seconds=TOTALS_LATER)
    return render(request, "gateway/usage/totals.html", context)


def _page(asked: Asked, *, seconds: float, hasty: bool = False) -> dict[str, Any]:
    """Return the rows and the totals; `seen` changes when either does."""
    context = _rows(asked) | _totals(asked, seconds=seconds, hasty=hasty)
    # What is not added up yet asks for the rest by itself.
    tally = context["totals"].tally if context["totals"].whole else ""
    said = [*(call["id"] for call in context["calls"]), str(tally)]
    return context | {"seen": sha256("".join(said).encode()).hexdigest()[:16]}


def _rows(asked: Asked) -> dict[str, Any]:
    found = calls.search(asked.book, asked.query)
    older = asked.form.address(cursor=found.older) if found.older else ""
    return {
        "calls": listed(found.calls, asked.names()),
        "older": older,
        "reached": found.reached,
        "live": asked.first_page,
        "every": EVERY_SECONDS,
    }


def listed(found: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    """Return calls as the lists of the website show them; `names` are those of keys."""
    base = reverse("usage")
    for call in found:
        used = call["tokens"]
        call["key_name"] = names.get(call["key"], "")
        # Written here, once: filters of templates take as long for a page of them as all the rest.
        at = datetime.fromisoformat(call["started_at"])
        call["day_and_time"] = f"{at.day} {at:%b, %H:%M:%S}"
        call["exactly"] = f"{at.day} {at:%B %Y, %H:%M:%S} UTC"
        call["address"] = f"{base}/{call['id']}"
        tokens_in = used["total"] - used["output"]
        call["figures"] = [f"{n:,}" for n in (tokens_in, used["output"], call["latency_ms"])]
        call["error"] = plain_words.of_error(call["error_code"], call["status"])
    return found


def _totals(asked: Asked, *, seconds: float, hasty: bool = False) -> dict[str, Any]:
    found = calls.totals(asked.book, asked.query, seconds=seconds, hasty=hasty)
    return {"totals": found, "totals_address": asked.form.address()}


@never_cache
@login_required
@require_safe
def call(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one call: its charge, line by line, and how it went."""
    user = signed_in(request)
    found = calls.find(accounts.open_for(user), public_id)
    if found is None:
        raise Http404
    shown, prices = found
    key = user.api_keys.filter(pk=shown["key"]).first()
    context = {
        "call": shown,
        "at": datetime.fromisoformat(shown["started_at"]),
        "receipt": call_receipts.of(shown, prices),
        "error": plain_words.of_error(shown["error_code"], shown["status"]),
        "key": key,
        "fine": shown["status"] < 400,
        "span": max(shown["latency_ms"], 1),
        "key_calls": urlencode({"key": shown["key"]}),
        "model_calls": urlencode({"model": shown["model"] or ""}),
    }
    # In the drawer, or on a page of its own.
    template = "call.html" if request.headers.get("HX-Request") else "call_page.html"
    return render(request, f"gateway/usage/{template}", context)


@never_cache
@login_required
@require_safe
@limited("60/h", methods=READS)
def download_csv(request: HttpRequest) -> HttpResponseBase:
    """Send the calls that fit the filters as CSV, all of them."""
    return _file(request, downloads.as_csv, "csv", "text/csv; charset=utf-8")


@never_cache
@login_required
@require_safe
@limited("60/h", methods=READS)
def download_json(request: HttpRequest) -> HttpResponseBase:
    """Send the same calls as JSON, each as the API tells it."""
    return _file(request, downloads.as_json, "json", "application/json")


def _file(
    request: HttpRequest, write: Callable[..., Any], ending: str, kind: str
) -> HttpResponseBase:
    asked = _asked(request)
    if asked.form.errors:
        return usage(request)
    parts = write(asked.account, asked.query, asked.names())
    disposition = f'attachment; filename="lumyx-usage-{asked.book.now:%Y-%m-%d}.{ending}"'
    headers = {"Content-Disposition": disposition}
    return StreamingHttpResponse(parts, content_type=kind, headers=headers)
