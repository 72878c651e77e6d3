"""Tables of which something else keeps a copy, such as the other processes."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.closed_lists import ModelAdmin


class AnnouncedAdmin(ModelAdmin):
    """Announces each change of its rows."""

    def announce(self) -> None:
        """Tell whoever keeps a copy."""
        raise NotImplementedError

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save a row with its inlines, then announce the change."""
        super().save_related(request, form, formsets, change)
        self.announce()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a row and announce it."""
        super().delete_model(request, obj)
        self.announce()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete rows and announce it."""
        super().delete_queryset(request, queryset)
        self.announce()
