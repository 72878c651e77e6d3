from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_save


def forget_keys(sender: Any, created: bool, **kwargs: Any) -> None:
    """Have every process look its keys up again, since a person may have been stopped."""
    from gateway import invalidation

    if not created:
        invalidation.publish_all_keys()


class GatewayConfig(AppConfig):
    """What the customer calls."""

    name = "gateway"

    def ready(self) -> None:
        """Listen for changes of people, as `accounts` knows nothing of keys, and for jobs' runs."""
        from gateway import jobs

        jobs.listen()
        post_save.connect(forget_keys, sender=settings.AUTH_USER_MODEL, dispatch_uid="forget keys")
