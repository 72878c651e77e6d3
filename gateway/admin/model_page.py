"""Models on offer, with their routes, their prices and what is left of these."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet, Value
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline

from billing.admin.read_only import staff_of
from billing.amounts import in_credits
from gateway import margins
from gateway.admin import margin_table
from gateway.admin.catalogue import CatalogueAdmin
from gateway.admin.file_rows import ModelRows
from gateway.admin.files import CatalogueFiles
from gateway.admin.prices import ComingPrices, StartedPrices
from gateway.models import Capability, Model, ModelPrice, Route, RouteHold


class RouteInline(TabularInline):
    """The ways to a model, on the model's page."""

    model = Route
    extra = 1
    fields = ("provider", "upstream_name", "position", "weight", "enabled")


class ModelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A model, whose capabilities are ticked."""

    capabilities = forms.MultipleChoiceField(
        choices=Capability.choices, widget=forms.CheckboxSelectMultiple, required=False
    )

    class Meta:
        model = Model
        fields = (
            "name",
            "display_name",
            "context_window",
            "max_output_tokens",
            "capabilities",
            "enabled",
        )


@admin.register(Model)
class ModelAdminPage(CatalogueFiles, CatalogueAdmin):
    """Models on offer and their prices, in credits per 1,000,000 tokens."""

    form = ModelForm
    resource_classes = (ModelRows,)
    list_display = (
        "name",
        "display_name",
        "input_price",
        "output_price",
        "lowest_margin",
        "priced",
        "enabled",
    )
    list_filter = ("enabled",)
    search_fields = ("name", "display_name")
    deleted_along = (RouteHold,)
    readonly_fields = ("margins",)
    inlines = (RouteInline, ComingPrices, StartedPrices)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Leave out what tells what a model costs us, but for who sees its routes."""
        shown = list(super().get_list_display(request))
        return shown if _may_see_costs(request) else [n for n in shown if n != "lowest_margin"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Leave out what tells what a model costs us, but for who sees its routes."""
        shown = list(super().get_readonly_fields(request, obj))
        return shown if _may_see_costs(request) else [n for n in shown if n != "margins"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Read along the prices in force, the routes, and what VIPs pay at the least (in %)."""
        rows: QuerySet[Model] = super().get_queryset(request)
        return rows.annotate(least_percent=Value(margins.lowest_percent())).prefetch_related(
            Prefetch(
                "prices",
                queryset=ModelPrice.objects.in_force(timezone.now()),
                to_attr="prices_in_force",
            ),
            "routes__provider",
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save rows of an inline; new prices with who set them."""
        if formset.model is ModelPrice:
            for new in formset.extra_forms:
                new.instance.created_by_id = request.user.pk
        super().save_formset(request, form, formset, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save a model with its routes and prices; warn where it is sold below cost."""
        super().save_related(request, form, formsets, change)
        for sentence in margin_table.warnings(form.instance):
            messages.warning(request, sentence)

    @admin.display(description="input")
    def input_price(self, model: Model) -> str | None:
        """Return the input price in force, in credits."""
        price = _in_force(model)
        return None if price is None else in_credits(price.input_price)

    @admin.display(description="output")
    def output_price(self, model: Model) -> str | None:
        """Return the output price in force, in credits."""
        price = _in_force(model)
        return None if price is None else in_credits(price.output_price)

    @admin.display(description="lowest margin")
    def lowest_margin(self, model: Any) -> str | None:
        """Return the lowest margin over the routes in use, for the VIPs who pay the least."""
        price = _in_force(model)
        if price is None:
            return None
        return margin_table.marked(
            margins.lowest(model.routes.all(), price.prices, percent=model.least_percent)
        )

    @admin.display(boolean=True)
    def priced(self, model: Model) -> bool:
        """Return whether the model can be called as far as prices go."""
        return _in_force(model) is not None

    @admin.display(description="margins")
    def margins(self, model: Model) -> str:
        """Return what is left of each price, by route."""
        return margin_table.table(model) if model.pk else "-"


def _may_see_costs(request: HttpRequest) -> bool:
    return staff_of(request).has_perm("gateway.view_route")


def _in_force(model: Any) -> ModelPrice | None:
    found: list[ModelPrice] = model.prices_in_force
    return found[0] if found else None
