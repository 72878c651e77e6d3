"""Models on offer, with their routes and their prices."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline

from gateway.admin.catalogue import CatalogueAdmin
from gateway.admin.prices import ComingPrices, StartedPrices
from gateway.credits import in_credits
from gateway.models import Capability, Model, ModelPrice, Route


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
class ModelAdminPage(CatalogueAdmin):
    """Models on offer and their prices, in credits per 1,000,000 tokens."""

    form = ModelForm
    list_display = (
        "name",
        "display_name",
        "input_price",
        "output_price",
        "priced",
        "enabled",
    )
    list_filter = ("enabled",)
    search_fields = ("name", "display_name")
    inlines = (RouteInline, ComingPrices, StartedPrices)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Read along the prices in force."""
        rows: QuerySet[Model] = super().get_queryset(request)
        return rows.prefetch_related(
            Prefetch(
                "prices",
                queryset=ModelPrice.objects.in_force(timezone.now()),
                to_attr="prices_in_force",
            )
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save rows of an inline; new prices with who set them."""
        if formset.model is ModelPrice:
            for new in formset.extra_forms:
                new.instance.created_by_id = request.user.pk
        super().save_formset(request, form, formset, change)

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

    @admin.display(boolean=True)
    def priced(self, model: Model) -> bool:
        """Return whether the model can be called as far as prices go."""
        return _in_force(model) is not None


def _in_force(model: Any) -> ModelPrice | None:
    found: list[ModelPrice] = model.prices_in_force
    return found[0] if found else None
