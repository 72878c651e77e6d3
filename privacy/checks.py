"""What must hold before anything is started: every column is classified."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register


@register
def every_column_is_classified(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a column that the inventory does not know, and one that it knows and is gone."""
    from privacy import inventory

    return [
        Error(f"{gap}.", hint="See `personal_data.py` of its app.", id="privacy.E001")
        for gap in inventory.gaps(inventory.everything(), inventory.stored_models())
    ]
