"""Models at mock providers. Only for processes in which Django is set up."""

from typing import Any

from django.utils import timezone

from gateway import price_versions
from gateway.models import Dialect, Model, Provider, Route
from gateway.pricing import Prices

PRICES = Prices(input=2_000_000, cache_read=500_000, cache_write=2_000_000, output=8_000_000)


def offer(
    name: str,
    base_url: str,
    *,
    key: str,
    upstream: str,
    dialect: str = Dialect.OPENAI,
    most_output: int = 4_096,
    **fields: Any,
) -> None:
    """Write a model, its price and a provider of its own; `fields` are more of the provider's."""
    provider = Provider(name=name, base_url=base_url, dialect=dialect, **fields)
    provider.key = key
    provider.clean()
    provider.save()
    model = Model.objects.create(
        name=name,
        display_name=name,
        context_window=128_000,
        max_output_tokens=most_output,
        capabilities=["chat", "streaming"],
    )
    price_versions.add(model.id, PRICES, starts_at=timezone.now())
    Route.objects.create(model=model, provider=provider, upstream_name=upstream)
