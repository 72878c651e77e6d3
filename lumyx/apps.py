from django.apps import AppConfig


class LumyxConfig(AppConfig):
    """The app that wires the others: commands, checks and Celery."""

    name = "lumyx"

    def ready(self) -> None:
        """Bind shared tasks to our Celery app and register the deploy checks."""
        from lumyx import celery, checks  # noqa: F401  both register themselves when imported
