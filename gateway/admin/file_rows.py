"""The catalogue's tables as rows of files: which columns, by which names, and what is let in.

Rows are found by the names that people know, so that a file moves between installations. No
file holds a key.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils import timezone
from import_export import fields, resources, widgets

from gateway import price_versions
from gateway.admin import margin_table
from gateway.models import Model, ModelPrice, Provider, Route, VipLevel

STARTED = "These prices have started, so they are final. Add new ones in their place."
PAST = "Prices start in the future; leave it empty for at once."


class Change(NamedTuple):
    """What a row changes in one column."""

    column: str
    before: str
    after: str


class Diff:
    """What a row changes, column by column."""

    def __init__(self, resource: Any, instance: Any, new: bool) -> None:
        self._new = new
        self._before = self._read(resource, instance)
        self._after: dict[str, str] = {}

    def compare_with(self, resource: Any, instance: Any) -> None:
        """Note how the row is afterwards."""
        self._after = self._read(resource, instance)

    def as_html(self) -> list[Change]:
        """Return the changes; a template writes them."""
        return [
            Change(column, "" if self._new else self._before[column], after)
            for column, after in self._after.items()
            if self._new or self._before[column] != after
        ]

    @staticmethod
    def _read(resource: Any, instance: Any) -> dict[str, str]:
        return {
            field.column_name: str(field.export(instance)) for field in resource.get_import_fields()
        }


class Moment(widgets.Widget):
    """A time in UTC, exact to the microsecond."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> datetime | None:
        """Read a time; one without a zone is in UTC."""
        if not value:
            return None
        try:
            found = datetime.fromisoformat(str(value).strip())
        except ValueError:
            raise ValidationError(
                {"starts_at": "Write a time like 2030-01-31T12:00:00+00:00."}
            ) from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def render(self, value: datetime | None, obj: Any = None, **kwargs: Any) -> str:
        """Write a time."""
        return value.astimezone(UTC).isoformat() if value else ""


class Named(widgets.ForeignKeyWidget):
    """A row of another table, by its name."""

    def __init__(self, model: type[Any]) -> None:
        super().__init__(model, "name")

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        """Find the row, or say which one there is not."""
        found = self.model.objects.filter(name=value or "").first()
        if found is None:
            name = self.model._meta.verbose_name
            raise ValidationError({name: f"There is no {name} of the name “{value or ''}”."})
        return found


class CatalogueRows(resources.ModelResource):
    """What all tables of the catalogue share: rows that change nothing are left alone."""

    class Meta:
        abstract = True
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True
        use_transactions = True
        store_instance = True

    @classmethod
    def get_diff_class(cls) -> type[Diff]:
        """Tell changes by column, without markup."""
        return Diff

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Refuse columns that there are not, so that a misspelt one is not passed over."""
        known = {field.column_name for field in self.get_import_fields()}
        strange = [name for name in dataset.headers or () if name not in known]
        if strange:
            raise ValidationError(f"There is no column {', '.join(map(str, strange))}.")


class ProviderRows(CatalogueRows):
    """Providers, without their keys."""

    class Meta(CatalogueRows.Meta):
        model = Provider
        import_id_fields = ("name",)
        fields = (
            *("name", "dialect", "base_url", "enabled", "trains_on_content", "retention_days"),
            *("terms_reviewed_on", "connect_seconds", "first_byte_seconds", "whole_seconds"),
            *("idle_seconds", "total_seconds", "most_concurrent"),
        )


class ModelRows(CatalogueRows):
    """Models; their routes and prices are files of their own."""

    class Meta(CatalogueRows.Meta):
        model = Model
        import_id_fields = ("name",)
        fields = (
            *("name", "display_name", "context_window", "max_output_tokens", "capabilities"),
            "enabled",
        )


class RouteRows(CatalogueRows):
    """Routes, with what providers charge us in micro-dollars per 1,000,000 tokens."""

    model = fields.Field("model", "model", Named(Model))
    provider = fields.Field("provider", "provider", Named(Provider))

    class Meta(CatalogueRows.Meta):
        model = Route
        import_id_fields = ("model", "provider", "upstream_name")
        fields = (
            *("model", "provider", "upstream_name", "position", "weight", "enabled"),
            *("upstream_input_price", "upstream_cache_read_price", "upstream_cache_write_price"),
            "upstream_output_price",
        )


class PriceRows(CatalogueRows):
    """Prices in micro-credits per 1,000,000 tokens, with those that are final."""

    model = fields.Field("model", "model", Named(Model))
    starts_at = fields.Field("starts_at", "starts_at", Moment())

    class Meta(CatalogueRows.Meta):
        model = ModelPrice
        import_id_fields = ("model", "starts_at")
        fields = (
            *("model", "starts_at", "input_price", "cache_read_price", "cache_write_price"),
            *("output_price", "note"),
        )

    def validate_instance(
        self,
        instance: ModelPrice,
        import_validation_errors: Any = None,
        validate_unique: bool = True,
    ) -> None:
        """Refuse to touch what has started, and a start in the past; an empty one is soon."""
        if instance.pk and instance.started:
            raise ValidationError(STARTED)
        if instance.starts_at is None:
            instance.starts_at = price_versions.soonest(instance.model_id)
        elif instance.starts_at <= timezone.now():
            raise ValidationError({"starts_at": PAST})
        super().validate_instance(instance, import_validation_errors, validate_unique)

    def before_save_instance(self, instance: ModelPrice, row: Any, **kwargs: Any) -> None:
        """Note who sets new prices."""
        if instance.pk is None:
            instance.created_by = kwargs["user"]

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Note where they are below cost, for the preview."""
        instance.warning = margin_table.warning(instance)


class VipRows(CatalogueRows):
    """VIP levels."""

    class Meta(CatalogueRows.Meta):
        model = VipLevel
        import_id_fields = ("level",)
        fields = ("level", "minute_limit", "day_limit", "price_percent")
