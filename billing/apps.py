from django.apps import AppConfig


class BillingConfig(AppConfig):
    """What the customer has paid."""

    name = "billing"
