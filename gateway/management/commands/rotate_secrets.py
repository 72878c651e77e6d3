from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from gateway.models import Provider
from gateway.models.catalogue import cipher


class Command(BaseCommand):
    """Encrypt every provider's key anew, with the first of ENCRYPTION_KEYS."""

    help = __doc__

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Do so for all at once: after it the older keys may be dropped."""
        secrets = cipher()
        rows = Provider.objects.select_for_update().exclude(encrypted_key=b"")
        for provider in rows:
            provider.encrypted_key = secrets.rotate(bytes(provider.encrypted_key))
            provider.save(update_fields=["encrypted_key"])
        self.stdout.write(f"{len(rows)} keys are encrypted with the newest key.")
