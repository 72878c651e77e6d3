"""The tables of the back office: what an address can filter them by is written down.

Django lets whoever may open a list filter it by every column of its table, shown or not, so that
a hidden secret could be read out letter by letter.
"""

from collections.abc import Iterator
from typing import Any

import unfold.admin
from django.contrib.admin.filters import SimpleListFilter
from django.db.models import ForeignKey, Model
from django.http import HttpRequest

OF_FILTERS = ("", "__exact", "__isnull", "__isempty", "__gte", "__lt")
"""What the filters beside a list put after the name of their column."""
OF_DATES = ("__year", "__month", "__day")
OF_KEYS = ("", "__exact")


class ModelAdmin(unfold.admin.ModelAdmin):  # type: ignore[misc]
    """A list that is filtered as its page offers, by its keys, and as our own links ask."""

    linked_lookups: tuple[str, ...] = ()
    """Further lookups that links of the back office use, such as `paid_at__gte`."""

    deleted_along: tuple[type[Model], ...] = ()
    """Tables that nobody deletes from by hand, whose rows go with a row that they belong to."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Ask for no permission to delete what goes along."""
        rows, counts, missing, protected = super().get_deleted_objects(objs, request)
        missing = missing - {model._meta.verbose_name for model in self.deleted_along}
        return rows, counts, missing, protected

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse whatever else an address asks for."""
        return lookup in set(self._lookups(request))

    def _lookups(self, request: HttpRequest) -> Iterator[str]:
        yield from self.linked_lookups
        for kind in OF_KEYS:
            yield from (f"pk{kind}", f"{self.model._meta.pk.name}{kind}")
        for field in self.model._meta.concrete_fields:
            if isinstance(field, ForeignKey):
                for name in (field.name, f"{field.name}__{field.target_field.name}"):
                    yield from (f"{name}{kind}" for kind in OF_KEYS)
        if self.date_hierarchy:
            yield from (f"{self.date_hierarchy}{kind}" for kind in OF_DATES)
        for item in self.get_list_filter(request):
            if isinstance(item, type) and issubclass(item, SimpleListFilter):
                yield str(item.parameter_name)
                continue
            name = item[0] if isinstance(item, (list, tuple)) else item
            yield from (f"{name}{kind}" for kind in OF_FILTERS)
