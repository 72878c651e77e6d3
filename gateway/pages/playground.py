"""The playground's page, and what its calls have cost; what is said there never comes this way."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.pages import signed_in
from billing import accounts
from billing.amounts import in_credits
from billing.models import Account, Hold, HoldState
from gateway import playground, public_models, public_prices
from gateway.errors import ApiError
from gateway.models import KeyKind, RequestLog
from gateway.order import read_terms
from gateway.pricing import Prices, Tokens, discounted
from gateway.public_prices import Listing
from gateway.wire.chat.usage import usage_object

TOOLS = ("vision", "reasoning", "adaptive_thinking", "streaming")
"""What of a model's abilities changes the page."""

LANGUAGES = ("curl", "Python", "Node", "Anthropic")
"""What a request can be shown as; the page writes it."""


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the playground with the models that the person may call, at their own prices."""
    user = signed_in(request)
    key = user.api_keys.filter(kind=KeyKind.PLAYGROUND).first()
    models = _models(user, allowed=key.allowed_models if key is not None else [])
    wanted = request.GET.get("model", "")
    known = {model["name"] for model in models}
    context = {
        "models": models,
        "chosen": wanted if wanted in known else "",
        "missing": wanted if wanted and wanted not in known else "",
        "account": accounts.open_for(user),
        "first": next((model for model in models if model["name"] == wanted), None)
        or (models[0] if models else None),
        "key": key,
        "samples": [(language, "") for language in LANGUAGES],
        "setup": {
            "path": playground.PATH,
            "api": f"{settings.PUBLIC_URL}/api",
            "most_bytes": settings.MAX_BODY_BYTES,
            "models": models,
        },
    }
    return render(request, "gateway/playground.html", context)


def _models(user: User, *, allowed: list[str]) -> list[dict[str, Any]]:
    """Return the chat models that somebody's playground may call; prices are credits."""
    percent = public_models.percent_of(user)
    return [
        _describe(one, discounted(one.prices, percent=percent))
        for one in public_prices.listed()
        if "chat" in one.capabilities and (not allowed or one.name in allowed)
    ]


def _describe(listing: Listing, prices: Prices) -> dict[str, Any]:
    return {
        "name": listing.name,
        "title": listing.display_name,
        "context": listing.context_window,
        "most_output": listing.max_output_tokens,
        "can": [tool for tool in TOOLS if tool in listing.capabilities],
        "input": public_prices.written(prices.input),
        "output": public_prices.written(prices.output),
    }


@never_cache
@login_required
@require_safe
def charge(request: HttpRequest, name: str) -> HttpResponse:
    """Say what a call cost whose answer was not awaited, by the Idempotency-Key that it had.

    404 where no such call set anything aside, or all of it was given back: it cost nothing.
    """
    account = accounts.open_for(signed_in(request))
    hold = _hold(account, name)
    if hold is None:
        return JsonResponse({"ended": True, "charge": "0"}, status=404)
    return JsonResponse(
        {
            "ended": hold.state != HoldState.OPEN,
            "charge": in_credits(hold.cost),
            "balance": in_credits(account.balance),
            "usage": _usage(account, hold),
        }
    )


def _hold(account: Account, name: str) -> Hold | None:
    try:
        terms = read_terms(call_id="", endpoint="", body=b"", idempotency_key=name, max_cost="")
    except ApiError:
        return None
    return Hold.objects.filter(account=account, request_id=terms.request_id).first()


def _usage(account: Account, hold: Hold) -> dict[str, Any] | None:
    """Return the tokens of a call, where its log keeps them."""
    row = RequestLog.objects.filter(account_id=account.pk, id=hold.pk).first()
    if row is None:
        return None
    return usage_object(
        Tokens(
            row.input_tokens,
            row.cache_read_tokens,
            row.cache_write_tokens,
            row.output_tokens,
            row.reasoning_tokens,
        )
    )
