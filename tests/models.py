"""Models for tests, one for each behaviour of the provider stand-in."""

import uuid

import requests
from django.utils import timezone

from gateway import invalidation, price_versions
from gateway.models import Model, Provider, Route
from gateway.pricing import Prices
from tests.customers import Customer
from tests.processes import PROVIDER_KEY, Server, wait_until

PRICES = Prices(2_000_000, 500_000, 2_500_000, 8_000_000)
"""2 micro-credits an input token, 0.5 a cached one, 8 an output token."""
CAPABILITIES = ["chat", "streaming", "tools", "vision", "documents", "structured_output"]


def add_model(
    name: str,
    provider: Provider,
    *,
    upstream_name: str = "",
    capabilities: list[str] | None = None,
    prices: Prices | None = PRICES,
) -> Model:
    """Add a model that is routed to the provider, under the same name if no other is given."""
    model = Model.objects.create(
        name=name,
        display_name=name,
        context_window=128_000,
        max_output_tokens=16_384,
        capabilities=capabilities or CAPABILITIES,
    )
    if prices is not None:
        price_versions.add(model.id, prices, starts_at=timezone.now())
    Route.objects.create(model=model, provider=provider, upstream_name=upstream_name or name)
    return model


def add_provider(base_url: str, **fields: object) -> Provider:
    """Add a provider with a name of its own."""
    row = Provider(name=f"p-{uuid.uuid4().hex[:12]}", base_url=base_url, **fields)
    row.key = PROVIDER_KEY
    row.save()
    return row


def add_routes(*routes: tuple[Provider, str], **fields: object) -> Model:
    """Add a model with a name of its own and routes in this order, each to a name upstream."""
    provider, upstream_name = routes[0]
    model = add_model(f"m-{uuid.uuid4().hex[:12]}", provider, upstream_name=upstream_name)
    for position, (other, name) in enumerate(routes[1:], start=1):
        Route.objects.create(model=model, provider=other, upstream_name=name, position=position)
    if fields:
        Model.objects.filter(id=model.id).update(**fields)
    return model


def offer(server: Server, customer: Customer, model: Model) -> str:
    """Wait until every process of the server offers a model, and return its name."""
    invalidation.publish_catalogue()

    def offered() -> bool:
        # Each connection may reach another process.
        return all(
            requests.get(
                f"{server.api}/models/{model.name}", headers=customer.headers, timeout=5
            ).ok
            for _ in range(6)
        )

    wait_until(offered, seconds=8, what=f"{model.name} to be offered")
    return model.name
