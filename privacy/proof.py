"""The proof of a deletion: nothing anywhere names the person any more."""

from privacy import absence, absence_elsewhere, identifiers
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
