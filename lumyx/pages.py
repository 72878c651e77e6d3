"""The public pages."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from gateway import estimates, margins, public_models, snippets
from gateway.models.keys import LOG_DAYS_MOST
from gateway.pages.described import Described, unshared
from gateway.pricing import Tokens
from gateway.public_models import Shown
from lumyx import specimens
from privacy.conformance import results

MODELS_SHOWN = 8
EXAMPLE = Tokens(input=1_284, cache_read=6_143, output=377)
"""A question about a long text that was sent before."""


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Say what the service is, what a call looks like, and what it costs."""
    base = f"{settings.PUBLIC_URL}/api"
    models = public_models.shown(request.user)
    page = Described(
        title="LumyxAI: one API for AI models",
        description="AI models behind one API that OpenAI’s and Anthropic’s SDKs can speak. "
        "Charged by the token, to the millionth of a credit; prompts are never stored.",
        path="/",
    )
    context = {
        "page": page,
        "base": f"{base}/v1",
        "anthropic_base": base,
        "models": models[:MODELS_SHOWN],
        "total": len(models),
        "best_percent": margins.lowest_percent(),
        "report": results.report(),
        "log_days": LOG_DAYS_MOST,
        **_first_call(base, models),
    }
    return unshared(request, render(request, "lumyx/landing.html", context))


def _first_call(base: str, models: list[Shown]) -> dict[str, Any]:
    """Return a call of a model that is on offer, and what such a one would cost there."""
    chats = [model for model in models if model.chats]
    if not chats:
        return {"samples": _python_first(snippets.first_call(base)), "example": None}
    model = next((one for one in chats if one.listing.name == snippets.MODEL), chats[0])
    bill = estimates.bill(EXAMPLE, model.listing.prices)
    return {
        "samples": _python_first(snippets.first_call(base, model=model.listing.name)),
        "example": {"model": model, "bill": bill},
    }


def _python_first(samples: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(samples, key=lambda sample: sample[0] != "Python")


@login_required
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Show staff every component in every state."""
    if not isinstance(request.user, User) or not request.user.is_staff:
        raise Http404
    return render(request, "lumyx/style.html", specimens.context())
