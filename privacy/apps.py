from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """What the customer may demand."""

    name = "privacy"
