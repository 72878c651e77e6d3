import logging

from django.apps import AppConfig
from django.conf import settings


class LumyxConfig(AppConfig):
    """The app that wires the others: commands, checks and Celery."""

    name = "lumyx"

    def ready(self) -> None:
        """Bind shared tasks to our Celery app, register the checks, and log Python's warnings."""
        logging.captureWarnings(settings.LOG_FORMAT == "json")
        from lumyx.reporting import errors, traces

        errors.start()
        traces.trace_tasks()
        from lumyx import celery, checks  # noqa: F401  both register themselves when imported
