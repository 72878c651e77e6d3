"""The record of processing activities that Article 30 of the GDPR asks for, from the inventory."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.data_sets import DataSet
from privacy import inventory, recipients

VERSION = 1


def record() -> dict[str, Any]:
    """Return the record, as JSON can hold it; the paragraphs are those of Article 30(1)."""
    return {
        "format": "LumyxAI record of processing",
        "version": VERSION,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "controller": {"name": settings.SELLER, "site": settings.PUBLIC_URL},
        "data_subjects": ["customers", "staff"],
        "activities": [_activity(entry) for entry in inventory.data_sets()],
        "passing_through": {
            "what": "The content of API calls: forwarded to an AI provider, never stored.",
            "recipients": [
                {"name": p.name, "host": p.host, "keeps_it": p.retention, "trains_on_it": p.trains}
                for p in recipients.ai_providers()
            ],
        },
        "security": [
            "TLS to everybody and between all parts",
            "API keys, codes and links kept as keyed digests only",
            "tokens of NabzClan and keys of providers encrypted",
            "staff sign in with a second factor, in roles of least privilege",
            "each look of staff at somebody's data is written down, with its reason",
        ],
    }


def _activity(entry: DataSet) -> dict[str, Any]:
    return {
        "data_set": entry.name,
        "title": entry.title,
        "about": entry.about,
        "table": entry.model._meta.db_table,
        "personal_columns": list(entry.columns),
        "secret_columns": list(entry.secrets),
        "columns_about_staff": list(entry.staff),
        "purposes": [str(purpose) for purpose in entry.purposes],
        "recipients": [str(recipient) for recipient in entry.recipients],
        "kept": entry.kept,
        "kept_days": entry.days,
        "on_erasure": str(entry.on_erasure),
        "kept_because": entry.kept_because,
    }
