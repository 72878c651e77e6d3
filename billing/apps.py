import stripe
from django.apps import AppConfig

from billing import stripe_api


class BillingConfig(AppConfig):
    """What the customer has paid."""

    name = "billing"

    def ready(self) -> None:
        """Let dj-stripe, which asks Stripe within a transaction, wait no longer than we do."""
        stripe.default_http_client = stripe_api.http_client()
        stripe.max_network_retries = stripe_api.RETRIES
