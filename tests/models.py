"""Models for tests, one for each behaviour of the provider stand-in."""

from gateway.models import Model, Provider, Route

PRICES = {
    "input_price": 2_000_000,
    "cache_read_price": 500_000,
    "cache_write_price": 2_500_000,
    "output_price": 8_000_000,
}
"""2 micro-credits an input token, 0.5 a cached one, 8 an output token."""


def add_model(name: str, provider: Provider) -> Model:
    """Add a model that is routed to the provider under the same name."""
    model = Model.objects.create(
        name=name,
        display_name=name,
        context_window=128_000,
        max_output_tokens=16_384,
        capabilities=["chat"],
        **PRICES,
    )
    Route.objects.create(model=model, provider=provider, upstream_name=name)
    return model
