from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """What the customer calls."""

    name = "gateway"
