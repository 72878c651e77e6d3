from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.ciphers import cipher
from accounts.models import NabzClanLink
from billing.models import SealedReceipt
from gateway.models import Provider
from privacy.models import Erasure, Errand

ENCRYPTED = [
    (Provider, "encrypted_key"),
    (NabzClanLink, "encrypted_access"),
    (NabzClanLink, "encrypted_refresh"),
    (SealedReceipt, "sealed"),
    (Erasure, "sealed"),
    (Errand, "sealed"),
]
IN_FACTORS = {"secret", "seed"}
"""What is encrypted of second factors: the secret of TOTP, the seed of recovery codes."""


class Command(BaseCommand):
    """Encrypt every secret at rest anew, with the first of ENCRYPTION_KEYS."""

    help = __doc__

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Do so for all at once: after it the older keys may be dropped."""
        secrets = cipher()
        count = 0
        for model, field in ENCRYPTED:
            for row in model._default_manager.select_for_update().exclude(**{field: b""}):
                setattr(row, field, secrets.rotate(bytes(getattr(row, field))))
                row.save(update_fields=[field])
                count += 1
        for factor in Authenticator.objects.select_for_update():
            for name in IN_FACTORS & factor.data.keys():
                factor.data[name] = secrets.rotate(factor.data[name].encode()).decode()
                count += 1
            factor.save(update_fields=["data"])
        self.stdout.write(f"{count} secrets are encrypted with the newest key.")
