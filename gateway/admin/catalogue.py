"""Providers, the routes to them, and what probes found of them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.decorators import action
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminURLInputWidget

from billing.admin import ReadOnlyAdmin
from billing.amounts import in_credits
from gateway import invalidation
from gateway.admin.announced import AnnouncedAdmin
from gateway.admin.file_rows import ProviderRows, RouteRows
from gateway.admin.files import CatalogueFiles
from gateway.models import Provider, ProviderCheck, Route, RouteHold


class CatalogueAdmin(AnnouncedAdmin):
    """Announces each change of the catalogue to every process."""

    def announce(self) -> None:
        """Tell every process."""
        invalidation.publish_catalogue()


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """A provider, whose key can be set here and never read back."""

    base_url = forms.URLField(
        label="base URL",
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
        help_text="Up to and with the version, such as https://api.example.com/v1",
    )
    new_key = forms.CharField(
        label="API key",
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text="Stored encrypted and never shown again. Leave empty to keep the present one.",
    )

    class Meta:
        model = Provider
        fields = (
            "name",
            "dialect",
            "base_url",
            "new_key",
            "enabled",
            "trains_on_content",
            "retention_days",
            "terms_reviewed_on",
            "connect_seconds",
            "first_byte_seconds",
            "whole_seconds",
            "idle_seconds",
            "total_seconds",
            "most_concurrent",
        )

    def clean_new_key(self) -> str:
        """Refuse a key that could not travel in a header."""
        key: str = self.cleaned_data["new_key"]
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise forms.ValidationError("A key holds letters, digits and signs, without spaces.")
        return key

    def clean(self) -> dict[str, Any]:
        """Encrypt a new key, before the provider is judged with it."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("new_key"):
            self.instance.key = cleaned["new_key"]
        return cleaned


@admin.register(Provider)
class ProviderAdmin(CatalogueFiles, CatalogueAdmin):
    """Companies that run models for us."""

    form = ProviderForm
    resource_classes = (ProviderRows,)
    list_display = ("name", "dialect", "base_url", "enabled", "reachable", "has_key")
    list_filter = ("dialect", "enabled")
    search_fields = ("name",)
    readonly_fields = ("unreachable_since",)
    actions_detail = ("test_connection",)
    deleted_along = (ProviderCheck,)
    fieldsets = (
        (None, {"fields": ("name", "dialect", "base_url", "new_key", "enabled")}),
        ("Terms", {"fields": ("trains_on_content", "retention_days", "terms_reviewed_on")}),
        (
            "Timeouts and load",
            {
                "fields": (
                    ("connect_seconds", "first_byte_seconds", "whole_seconds"),
                    ("idle_seconds", "total_seconds", "most_concurrent"),
                )
            },
        ),
        ("Probes", {"fields": ("unreachable_since",)}),
    )

    # Django's own kind of permission: unfold looks others up in a database that may not be there.
    @action(description="Test connection", permissions=["change"])  # type: ignore[untyped-decorator]
    def test_connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the page that asks the provider."""
        if not (object_id.isascii() and object_id.isdecimal()):
            raise Http404
        return redirect("office:provider_connection", object_id)

    @admin.display(boolean=True)
    def reachable(self, provider: Provider) -> bool:
        """Return whether the probes reach it."""
        return provider.unreachable_since is None

    @admin.display(boolean=True, description="key set")
    def has_key(self, provider: Provider) -> bool:
        """Return whether a key is set."""
        return bool(provider.encrypted_key)


@admin.register(Route)
class RouteAdmin(CatalogueFiles, CatalogueAdmin):
    """All routes in one list, with what providers charge us, in dollars per 1,000,000 tokens."""

    resource_classes = (RouteRows,)
    deleted_along = (RouteHold,)
    list_display = (
        "model",
        "provider",
        "upstream_name",
        "position",
        "weight",
        "input_cost",
        "output_cost",
        "enabled",
    )
    list_filter = ("provider", "enabled")
    search_fields = ("model__name", "model__display_name", "provider__name", "upstream_name")
    list_select_related = ("model", "provider")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("model", "provider", "upstream_name"),
                    ("position", "weight"),
                    "enabled",
                )
            },
        ),
        (
            "What it costs us",
            {
                "fields": (
                    ("upstream_input_price", "upstream_output_price"),
                    ("upstream_cache_read_price", "upstream_cache_write_price"),
                )
            },
        ),
    )

    @admin.display(description="input cost", ordering="upstream_input_price")
    def input_cost(self, route: Route) -> str | None:
        """Return what an input token costs us, in dollars."""
        return _in_dollars(route.upstream_input_price)

    @admin.display(description="output cost", ordering="upstream_output_price")
    def output_cost(self, route: Route) -> str | None:
        """Return what an output token costs us, in dollars."""
        return _in_dollars(route.upstream_output_price)


def _in_dollars(micro: int | None) -> str | None:
    return None if micro is None else in_credits(micro)


@admin.register(ProviderCheck)
class ProviderCheckAdmin(ReadOnlyAdmin):
    """What the probes of the last 30 days found."""

    list_display = ("checked_at", "provider", "reachable", "status", "reason", "latency_ms")
    list_filter = ("provider", "reachable")
    list_select_related = ("provider",)
