"""Prices, which staff set ahead and can neither change nor take back once they have started."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet

from billing.amounts import in_credits
from gateway import margins, price_versions
from gateway.admin import margin_table, price_fields
from gateway.admin.catalogue import CatalogueAdmin
from gateway.admin.file_rows import PAST, STARTED, PriceRows
from gateway.admin.files import CatalogueFiles
from gateway.admin.price_fields import PriceField
from gateway.models import ModelPrice
from gateway.pricing import Prices

PRICES = ("input_price", "cache_read_price", "cache_write_price", "output_price")


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Prices that are still to start."""

    input_price = PriceField("Input price")
    cache_read_price = PriceField("Cache read price")
    cache_write_price = PriceField("Cache write price")
    output_price = PriceField("Output price")
    meant = forms.BooleanField(
        label="These prices are meant", required=False, help_text="Only where a warning asks."
    )
    below_cost = forms.BooleanField(
        label="Sell below cost", required=False, help_text="Only where a warning asks for it."
    )

    class Meta:
        model = ModelPrice
        fields = ("starts_at", *PRICES, "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        start = self.fields.get("starts_at")
        if start is not None:
            start.required = False
            seconds = int(price_versions.LEAD.total_seconds())
            start.help_text = f"Empty for at once: in {seconds} seconds where a price is in force."

    def clean(self) -> dict[str, Any]:
        """Refuse to touch what has started, and a start in the past; an empty one is soon."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.pk and self.instance.started:
            raise ValidationError(STARTED)
        if "starts_at" not in cleaned:
            return cleaned
        start = cleaned["starts_at"]
        if start is None:
            model = cleaned.get("model")
            cleaned["starts_at"] = price_versions.soonest(
                model.pk if model else self.instance.model_id
            )
        elif start <= timezone.now():
            self.add_error("starts_at", PAST)
        self._doubt(cleaned)
        self._warn(cleaned)
        return cleaned

    def _doubt(self, cleaned: dict[str, Any]) -> None:
        """Ask once more before a slip of the finger becomes a price."""
        model = cleaned.get("model") or (self.instance.model_id and self.instance.model)
        if not model or cleaned.get("meant") or not all(name in cleaned for name in PRICES):
            return
        present = model.prices.in_force().first()
        doubts = price_fields.absurd({name: cleaned[name] for name in PRICES}, present)
        if doubts:
            self.add_error("meant", f"Is it meant that {doubts}? Nothing was saved; tick if so.")

    def _warn(self, cleaned: dict[str, Any]) -> None:
        """Ask once more before anything is sold below cost."""
        model = cleaned.get("model") or (self.instance.model_id and self.instance.model)
        if not model or cleaned.get("below_cost") or not all(name in cleaned for name in PRICES):
            return
        lowest = margins.lowest(
            model.routes.select_related("provider"),
            Prices(*(cleaned[name] for name in PRICES)),
            percent=(percent := margins.lowest_percent()),
        )
        if lowest is not None and lowest.below_cost:
            self.add_error(
                "below_cost",
                f"These prices are below cost: at {percent} % of the list price, the margin of "
                f"{lowest.words} is {lowest}. Nothing was saved; tick this to sell all the same.",
            )


class ComingFormSet(PaginationInlineFormSet):
    """Prices of one model that are still to start."""

    def clean(self) -> None:
        """Refuse to withdraw what has started since the page was shown."""
        super().clean()
        if any(form.instance.pk and form.instance.started for form in self.deleted_forms):
            raise ValidationError(STARTED)


class ComingPrices(TabularInline):
    """A model's prices that are still to start, and room for new ones."""

    model = ModelPrice
    form = PriceForm
    formset = ComingFormSet
    fields = ("starts_at", *PRICES, "note", "meant", "below_cost")
    extra = 1
    verbose_name_plural = "prices to come"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelPrice]:
        """Show what has not started; what comes back may have started in the meantime."""
        rows: QuerySet[ModelPrice] = super().get_queryset(request)
        return rows if request.method == "POST" else rows.filter(starts_at__gt=timezone.now())


class CreditsColumns:
    """The four prices in credits."""

    @admin.display(description="input")
    def input(self, price: ModelPrice) -> str:
        """Return the input price in credits."""
        return in_credits(price.input_price)

    @admin.display(description="cache read")
    def cache_read(self, price: ModelPrice) -> str:
        """Return the cache read price in credits."""
        return in_credits(price.cache_read_price)

    @admin.display(description="cache write")
    def cache_write(self, price: ModelPrice) -> str:
        """Return the cache write price in credits."""
        return in_credits(price.cache_write_price)

    @admin.display(description="output")
    def output(self, price: ModelPrice) -> str:
        """Return the output price in credits."""
        return in_credits(price.output_price)


class StartedPrices(CreditsColumns, TabularInline):
    """A model's prices in force and before, in credits per 1,000,000 tokens."""

    model = ModelPrice
    fields = ("starts_at", "input", "cache_read", "cache_write", "output", "note", "created_by")
    readonly_fields = fields
    extra = 0
    per_page = 10
    verbose_name_plural = "prices in force and before"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelPrice]:
        """Show what has started."""
        rows: QuerySet[ModelPrice] = super().get_queryset(request)
        return rows.filter(starts_at__lte=timezone.now()).select_related("model", "created_by")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """New prices start later."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What has started is final."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What has started is final."""
        return False


class LonePriceForm(PriceForm):
    """Prices that are still to start, with the model that they are for."""

    class Meta:
        model = ModelPrice
        fields = ("model", "starts_at", *PRICES, "note")


@admin.register(ModelPrice)
class ModelPriceAdmin(CreditsColumns, CatalogueFiles, CatalogueAdmin):
    """Prices of all models, in credits per 1,000,000 tokens, with who set them."""

    form = LonePriceForm
    resource_classes = (PriceRows,)
    list_display = (
        "model",
        "starts_at",
        "input",
        "cache_read",
        "cache_write",
        "output",
        "final",
        "created_by",
        "note",
    )
    list_filter = ("model",)
    search_fields = ("model__name", "model__display_name", "note")
    list_select_related = ("model", "created_by")
    ordering = ("-starts_at",)

    @admin.display(boolean=True, description="started")
    def final(self, price: ModelPrice) -> bool:
        """Return whether the prices have started."""
        return price.started

    def has_change_permission(self, request: HttpRequest, obj: ModelPrice | None = None) -> bool:
        """What has started is final."""
        may: bool = super().has_change_permission(request, obj)
        return may and not (obj is not None and obj.started)

    def has_delete_permission(self, request: HttpRequest, obj: ModelPrice | None = None) -> bool:
        """What has started is final."""
        may: bool = super().has_delete_permission(request, obj)
        return may and not (obj is not None and obj.started)

    def save_model(self, request: HttpRequest, obj: ModelPrice, form: Any, change: bool) -> None:
        """Save prices with who set them."""
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Announce prices; warn where they are below cost."""
        super().save_related(request, form, formsets, change)
        for sentence in margin_table.warnings(form.instance.model):
            messages.warning(request, sentence)
