"""What must hold before anything is started."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

Checked = Sequence[AppConfig] | None


@register
def every_column_is_classified(app_configs: Checked, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a column that the inventory does not know, and one that it knows and is gone."""
    from privacy import inventory

    return [
        Error(f"{gap}.", hint="See `personal_data.py` of its app.", id="privacy.E001")
        for gap in inventory.gaps(inventory.everything(), inventory.stored_models())
    ]


@register
def every_text_is_as_declared(app_configs: Checked, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a text that changed without a new version, or was announced too late."""
    from privacy import policies

    try:
        found = policies.faults()
    except (OSError, ValueError) as error:
        found = [str(error)]
    hint = "See `privacy/documents/versions.toml`."
    return [Error(f"{fault}.", hint=hint, id="privacy.E002") for fault in found]


@register
def every_promise_has_a_check(app_configs: Checked, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a policy that promises what no check looks after, and checks of what it never said."""
    from privacy import policies
    from privacy.conformance import clauses

    try:
        # Nothing asks the database before it is there: what was published is judged before.
        found = clauses.faults(policies.shipped("privacy"))
    except (OSError, ValueError):
        # The texts cannot be read, of which the check before this one tells.
        return []
    hint = "See `privacy/conformance/`."
    return [Error(f"{fault}.", hint=hint, id="privacy.E003") for fault in found]


@register
def a_deletion_takes_30_days_at_most(app_configs: Checked, **kwargs: Any) -> list[CheckMessage]:
    """Refuse settings under which somebody's data could outlive what section 4 promises."""
    from privacy import keeping

    days = keeping.worst_case_days()
    if days <= keeping.PROMISED_DAYS:
        return []
    words = f"Data would outlive a deletion by {days} days, of {keeping.PROMISED_DAYS} promised."
    hint = "Lower ERASURE_GRACE_DAYS or BACKUP_DAYS: with a day to erase, that is their sum."
    return [Error(words, hint=hint, id="privacy.E004")]
