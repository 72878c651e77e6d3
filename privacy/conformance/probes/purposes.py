"""Section 3: everything that is stored serves a purpose that is listed."""

from datetime import datetime

from accounts.data_sets import DataSet, Purpose
from privacy import inventory
from privacy.conformance import catalogue
from privacy.conformance.finding import Clause, Finding, broken, count, kept

USES = tuple(str(purpose) for purpose in Purpose)


def served(now: datetime) -> Finding:
    """Find columns without a class, data sets without a purpose, and rows where none may be."""
    unknown = catalogue.unclassified()
    sets = inventory.data_sets()
    idle = [entry.name for entry in sets if not entry.purposes]
    filled = [
        entry.label
        for entry in inventory.everything()
        if not isinstance(entry, DataSet) and entry.empty and entry.model._default_manager.exists()
    ]
    if unknown or idle or filled:
        return broken(
            f"{count(len(unknown), 'column')} and {count(len(idle) + len(filled), 'table')} serve"
            " no purpose that is listed.",
            details=", ".join([*unknown, *idle, *filled]),
            columns=len(unknown),
            tables=len(idle) + len(filled),
        )
    known = len(catalogue.classified())
    return kept(
        f"{known:,} columns are classified; {len(sets)} tables hold personal data, each for one or"
        " more of these purposes.",
        columns=known,
        data_sets=len(sets),
    )


CLAUSES = [
    Clause(
        id="3-purposes",
        section="3",
        sentences=("We use the information we collect to:", *USES),
        check="Every column in the database must be in the published inventory, and each table of"
        " personal data there must name at least one of these six purposes, in these words.",
        probe=served,
    )
]
