"""Load well-known models, with what their providers charge us, from genai-prices.

That package keeps context windows and prices; a file of our own says which models we offer,
under which names, and what they can do.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

import msgspec
from django.db import transaction
from genai_prices import data
from genai_prices.types import ModelInfo, ModelPrice

from gateway import invalidation
from gateway.models import Capability, Dialect, Model, Provider, Route

FILE = Path(__file__).parent / "data" / "catalogue.json"
MICRO = 1_000_000


class BadCatalogue(Exception):
    """The file, or what it names, is wrong; the text says what."""


class ProviderEntry(msgspec.Struct, forbid_unknown_fields=True):
    """A provider in the file; `dataset` is its id in genai-prices."""

    dataset: str
    dialect: Dialect
    base_url: str


class ModelEntry(msgspec.Struct, forbid_unknown_fields=True):
    """A model in the file."""

    name: str
    display_name: str
    provider: str
    upstream_name: str
    max_output_tokens: int
    capabilities: list[Capability]
    context_window: int | None = None
    """Where the dataset does not know it."""


class Entries(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    providers: dict[str, ProviderEntry]
    models: list[ModelEntry]


@dataclass(frozen=True)
class Change:
    """What was done about one model."""

    model: str
    route: str
    what: str


def read(file: Path = FILE) -> Entries:
    """Read the file; raise BadCatalogue where it is wrong."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Entries)
    except (OSError, msgspec.DecodeError) as error:
        raise BadCatalogue(f"{file.name}: {error}") from None


@transaction.atomic
def load(entries: Entries) -> list[Change]:
    """Write what the file names; return what was done.

    A provider that is new is switched off until staff give it a key and state its terms; a
    model that is new has no price of ours, so it cannot be called. What staff set later stays:
    only context windows and upstream prices are brought up to date.
    """
    changes = [_load_model(entry, entries) for entry in entries.models]
    invalidation.publish_catalogue()
    return changes


def _load_model(entry: ModelEntry, entries: Entries) -> Change:
    at = entries.providers.get(entry.provider)
    if at is None:
        raise BadCatalogue(f"{entry.name}: no provider {entry.provider} is in the file")
    known = find(at.dataset, entry.upstream_name)
    window = known.context_window or entry.context_window
    if window is None:
        raise BadCatalogue(f"{entry.name}: its context window is not known; put it in the file")
    provider, _ = Provider.objects.get_or_create(
        name=entry.provider,
        defaults={"dialect": at.dialect, "base_url": at.base_url, "enabled": False},
    )
    model, made = Model.objects.get_or_create(
        name=entry.name,
        defaults={
            "display_name": entry.display_name,
            "context_window": window,
            "max_output_tokens": entry.max_output_tokens,
            "capabilities": [str(c.value) for c in entry.capabilities],
        },
    )
    route, routed = Route.objects.get_or_create(
        model=model, provider=provider, upstream_name=entry.upstream_name
    )
    wanted = prices_of(known)
    updated = [name for name, value in wanted.items() if getattr(route, name) != value]
    for name in updated:
        setattr(route, name, wanted[name])
    route.save(update_fields=[*updated, "enabled"])
    if model.context_window != window:
        model.context_window = window
        model.save(update_fields=["context_window"])
        updated.append("context_window")
    what = "added" if made else "new route" if routed else "updated" if updated else "as it was"
    return Change(entry.name, f"{entry.provider}/{entry.upstream_name}", what)


def find(provider: str, upstream_name: str) -> ModelInfo:
    """Return what the dataset knows of a model; raise BadCatalogue where it knows none."""
    for entry in data.providers:
        if entry.id == provider:
            for model in entry.models:
                if model.is_match(upstream_name):
                    return model
            raise BadCatalogue(f"genai-prices knows no model {upstream_name} of {provider}")
    raise BadCatalogue(f"genai-prices knows no provider {provider}")


def prices_of(model: ModelInfo) -> dict[str, int | None]:
    """Return a route's upstream prices, in micro-dollars per 1,000,000 tokens, rounded up.

    Where a price has tiers by length, the dearest counts; where there is none for the cache,
    the input's does.
    """
    prices: ModelPrice = model.get_prices(datetime.now(UTC))
    fresh = _micro(prices, "input_mtok")
    return {
        "upstream_input_price": fresh,
        "upstream_cache_read_price": _micro(prices, "cache_read_mtok", fresh),
        "upstream_cache_write_price": _micro(prices, "cache_write_mtok", fresh),
        "upstream_output_price": _micro(prices, "output_mtok", 0),
    }


def _micro(prices: ModelPrice, name: str, otherwise: int | None = None) -> int | None:
    value: Any = getattr(prices, name, None)
    if value is None:
        return otherwise
    if not isinstance(value, Decimal):
        value = max([value.base, *(tier.price for tier in value.tiers)])
    return int((value * MICRO).to_integral_value(ROUND_CEILING))


def table(changes: list[Change]) -> str:
    """Return what was done, a line for each model."""
    width = max((len(change.model) for change in changes), default=0)
    return "\n".join(f"{c.model.ljust(width)}  {c.what.ljust(9)}  {c.route}" for c in changes)
