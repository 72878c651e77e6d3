from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """What the customer may demand."""

    name = "privacy"

    def ready(self) -> None:
        """Have Django run the checks."""
        from privacy import checks  # noqa: F401
