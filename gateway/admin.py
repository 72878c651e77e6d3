"""Staff's view of keys, models, providers and calls."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from billing.admin import ReadOnlyAdmin
from gateway import invalidation, keys
from gateway.models import ApiKey, Model, Provider, RequestLog, Route


class CatalogueAdmin(ModelAdmin):
    """Announces each change of the catalogue to every process."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save a row with its inlines, then announce the change."""
        super().save_related(request, form, formsets, change)
        invalidation.publish_catalogue()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete a row and announce it."""
        super().delete_model(request, obj)
        invalidation.publish_catalogue()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete rows and announce it."""
        super().delete_queryset(request, queryset)
        invalidation.publish_catalogue()


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Keys; their owners make them, staff can limit and revoke them."""

    list_display = ("display", "name", "user", "minute_limit", "day_limit", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("id", "name", "last4", "user__username")
    readonly_fields = ("id", "user", "name", "display", "created_at", "revoked_at")
    actions = ("revoke_keys",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A key is shown once, to its owner alone."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Keys are revoked, so that the log can still name them."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Save new limits and announce them."""
        super().save_model(request, obj, form, change)
        invalidation.publish_key(obj.id.hex)

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke_keys(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Stop the selected keys for good."""
        for key in queryset:
            keys.revoke(key)


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """A provider, whose key can be set here and never read back."""

    base_url = forms.URLField(
        label="base URL",
        assume_scheme="https",
        help_text="Up to and with the version, such as https://api.example.com/v1",
    )
    new_key = forms.CharField(
        label="API key",
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
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
        )

    def clean_new_key(self) -> str:
        """Refuse a key that could not travel in a header."""
        key: str = self.cleaned_data["new_key"]
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise forms.ValidationError("A key holds letters, digits and signs, without spaces.")
        return key

    def save(self, commit: bool = True) -> Provider:
        """Encrypt a new key."""
        if self.cleaned_data["new_key"]:
            self.instance.key = self.cleaned_data["new_key"]
        provider: Provider = super().save(commit)
        return provider


@admin.register(Provider)
class ProviderAdmin(CatalogueAdmin):
    """Companies that run models for us."""

    form = ProviderForm
    list_display = ("name", "dialect", "base_url", "enabled", "trains_on_content", "has_key")

    @admin.display(boolean=True, description="key set")
    def has_key(self, provider: Provider) -> bool:
        """Return whether a key is set."""
        return bool(provider.encrypted_key)


class RouteInline(TabularInline):
    """The ways to a model, on the model's page."""

    model = Route
    extra = 1


@admin.register(Model)
class ModelAdminPage(CatalogueAdmin):
    """Models on offer and their prices."""

    list_display = ("name", "display_name", "input_price", "output_price", "priced", "enabled")
    list_filter = ("enabled",)
    search_fields = ("name", "display_name")
    inlines = (RouteInline,)

    @admin.display(boolean=True)
    def priced(self, model: Model) -> bool:
        """Return whether the model can be called as far as prices go."""
        return model.priced


@admin.register(Route)
class RouteAdmin(CatalogueAdmin):
    """All routes in one list."""

    list_display = ("model", "provider", "upstream_name", "position", "enabled")
    list_filter = ("provider", "enabled")
    list_select_related = ("model", "provider")


@admin.register(RequestLog)
class RequestLogAdmin(ReadOnlyAdmin):
    """Calls of the last 30 days, without a word of what was said."""

    list_display = (
        "started_at",
        "model",
        "status",
        "input_tokens",
        "output_tokens",
        "charge",
        "charge_basis",
        "latency_ms",
        "country",
        "client",
    )
    list_filter = ("status", "charge_basis", "streamed")
    search_fields = ("id", "key_id")
    show_full_result_count = False
