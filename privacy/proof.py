"""The proof of a deletion: nothing anywhere names the person any more."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from accounts import mail
from privacy import absence, absence_elsewhere, identifiers, receipts
from privacy.models import Erasure


def absent(erasure: Erasure) -> bool:
    """Look for the person everywhere; return whether nothing is left."""
    found = identifiers.unseal(erasure.sealed)
    absence_elsewhere.forget(found)
    scanned = absence.scan(found)
    looked, more = absence_elsewhere.scan(found)
    traces = [*scanned.traces, *more]
    erasure.scanned = {
        "tables": scanned.tables,
        "columns": scanned.columns,
        **looked,
        "traces": [{"place": one.place, "kind": one.kind, "rows": one.rows} for one in traces],
    }
    erasure.save(update_fields=["scanned"])
    return not traces


def places(erasure: Erasure) -> str:
    """Return where something was found, for an alarm."""
    return ", ".join(f"{one['place']} ({one['kind']})" for one in erasure.scanned["traces"])


def receipt(erasure: Erasure, *, now: datetime) -> dict[str, Any]:
    """Return the signed receipt of a deletion that ends now."""
    removed = erasure.removed_at
    return receipts.sign(
        {
            "number": str(erasure.pk),
            "asked_at": erasure.asked_at.isoformat(timespec="seconds"),
            "removed_at": removed.isoformat(timespec="seconds") if removed else None,
            "done_at": now.isoformat(timespec="seconds"),
            "gone_from_backups_by": (now + timedelta(days=settings.BACKUP_DAYS)).date().isoformat(),
            "data_sets": erasure.removed,
            "asked_of_others": sorted(erasure.errands.values_list("kind", flat=True)),
            "scanned": {k: v for k, v in erasure.scanned.items() if k != "traces"},
        }
    )


def send(erasure: Erasure) -> bool:
    """Mail the receipt to whoever was erased; False where that is to be tried again."""
    found = identifiers.unseal(erasure.sealed)
    address = next((one.value for one in found if one.kind == "email"), "")
    if not address:
        return True
    context = {
        "receipt": json.dumps(erasure.receipt, indent=2),
        "number": erasure.pk,
        "page": mail.address("check_receipt"),
    }
    return mail.send_to(
        address,
        subject="Your data is deleted",
        template="privacy/mail/erased.txt",
        context=context,
    )
