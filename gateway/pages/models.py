"""The catalogue of models and the page of each: read, call, respond."""

import difflib
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url
from django_htmx.middleware import HtmxDetails

from accounts.wording import WordedForm
from gateway import availability, estimates, public_models, snippets
from gateway.estimates import Bill
from gateway.pages.described import Described, unshared
from gateway.pages.model_filters import ModelFilters
from gateway.pricing import MOST_TOKENS, Tokens
from gateway.public_models import Shown

MOST_CALLS = 10**9


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """Show the models on offer, as far as they are asked for."""
    models = public_models.shown(request.user)
    names = {runner.name for model in models for runner in model.runners}
    filters = ModelFilters(request.GET, models=models)
    path = reverse("models")
    found = filters.apply(models)
    context = {
        "page": Described(
            title="Models and prices",
            description=f"{len(models)} AI models behind one API, with their prices by the token, "
            "context windows, providers and terms.",
            path=path,
        ),
        "filters": filters,
        "models": found,
        "total": len(models),
        "providers": len(names),
        "chips": filters.chips(path),
        "sorts": {
            name: filters.address(path, sort=name)
            for name in ("name", "context", "input", "output")
        },
    }
    part = _part(request)
    template = "gateway/models/results.html" if part else "gateway/models/catalogue.html"
    response = render(request, template, context)
    if part:
        push_url(response, filters.address(path))
    patch_vary_headers(response, ["HX-Request"])
    return unshared(request, response)


def _part(request: HttpRequest) -> bool:
    """Return whether htmx asks for the part of the page that changes."""
    htmx = request.htmx  # type: ignore[attr-defined]
    assert isinstance(htmx, HtmxDetails)
    return bool(htmx) and not htmx.history_restore_request


class Estimate(WordedForm):
    """How many tokens a call would use, and how many such calls."""

    input = forms.IntegerField(label="Input tokens", min_value=0, max_value=MOST_TOKENS)
    cache_read = forms.IntegerField(label="Cache read", min_value=0, max_value=MOST_TOKENS)
    cache_write = forms.IntegerField(label="Cache write", min_value=0, max_value=MOST_TOKENS)
    output = forms.IntegerField(label="Output tokens", min_value=0, max_value=MOST_TOKENS)
    calls = forms.IntegerField(label="Calls like this", min_value=1, max_value=MOST_CALLS)

    def shown(self) -> list[forms.BoundField]:
        """Return the fields that matter: models that only embed use input alone."""
        if self.embeds:
            return [self["input"], self["calls"]]
        return list(self)

    def __init__(self, given: dict[str, Any], *, embeds: bool) -> None:
        super().__init__(given)
        self.embeds = embeds


EXAMPLE = {"input": 1_000, "cache_read": 0, "cache_write": 0, "output": 500, "calls": 1}


@require_safe
def model(request: HttpRequest, name: str) -> HttpResponse:
    """Show all that is to be known of one model."""
    models = {one.listing.name: one for one in public_models.shown(request.user)}
    found = models.get(name)
    if found is None:
        near = difflib.get_close_matches(name, models, n=3, cutoff=0.5)
        context = {"near": [models[one] for one in near]}
        return render(request, "gateway/models/unknown.html", context, status=404)
    estimate = _estimate(request, found)
    part = _part(request)
    if part:
        response = render(request, "gateway/models/bill.html", estimate)
    else:
        response = render(request, "gateway/models/model.html", {**_about(found), **estimate})
    patch_vary_headers(response, ["HX-Request"])
    return unshared(request, response)


def _about(found: Shown) -> dict[str, Any]:
    known, listing = availability.of_all(), found.listing
    base = f"{settings.PUBLIC_URL}/api"
    return {
        "page": Described(
            title=f"{listing.display_name}: price and terms",
            description=f"{listing.display_name} ({listing.name}): prices by the token, context "
            f"window of {listing.context_window:,} tokens, what it can do, who runs it, and code.",
            path=reverse("model", args=[listing.name]),
        ),
        "model": found,
        "runners": [(one, known.get(one.pk, availability.UNKNOWN)) for one in found.runners],
        "history": public_models.past_prices(listing.name),
        "samples": snippets.for_model(base, model=listing.name, capabilities=listing.capabilities),
    }


def _estimate(request: HttpRequest, found: Shown) -> dict[str, Any]:
    """Return the form of the estimate and, where it can be understood, the bill."""
    usual = {**EXAMPLE, "output": 0} if found.embeds else EXAMPLE
    given = {n: request.GET.get(n, count) for n, count in usual.items()}
    form = Estimate(given, embeds=found.embeds)
    bill: Bill | None = None
    if form.is_valid():
        counts = {n: form.cleaned_data[n] for n in ("input", "cache_read", "cache_write", "output")}
        bill = estimates.bill(Tokens(**counts), found.paid)
    calls = form.cleaned_data.get("calls", 1)
    return {"estimate": form, "bill": bill, "calls": calls, "all": bill and bill.charge * calls}
