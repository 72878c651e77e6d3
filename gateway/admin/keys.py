"""Keys, which staff can limit and revoke."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts import customer_links
from accounts.closed_lists import ModelAdmin
from gateway import keys
from gateway.models import ApiKey, Scope


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a key may do."""

    scopes = forms.MultipleChoiceField(choices=Scope, widget=forms.CheckboxSelectMultiple)


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Keys; their owners make them, staff can limit and revoke them."""

    form = ApiKeyForm
    list_display = (
        *("display", "name", "kind", "user", "last_used_at", "expires_at", "revoked_at"),
        "customer",
    )
    list_select_related = ("user",)
    search_fields = ("id", "name", "last4", "user__username")
    readonly_fields = (
        "id",
        "user",
        "name",
        "kind",
        "display",
        "created_at",
        "last_used_at",
        "previous_until",
        "revoked_at",
    )
    fieldsets = (
        (None, {"fields": ("display", "name", "kind", "user", "id", "created_at", "last_used_at")}),
        ("Use", {"fields": ("scopes", "allowed_models", "allowed_networks")}),
        (
            "Limits",
            {"fields": ("minute_limit", "day_limit", "token_limit", "concurrency_limit")},
        ),
        ("Log", {"fields": ("log_days",)}),
        ("Spend limits", {"fields": ("day_spend", "month_spend", "total_spend")}),
        ("End", {"fields": ("expires_at", "previous_until", "revoked_at")}),
    )

    @admin.display(description="page")
    def customer(self, key: ApiKey) -> str:
        """Return a link to the page about its owner."""
        return customer_links.open_customer(key.user_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A key is shown once, to its owner alone."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Keys are revoked, so that the log can still name them."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Save what was changed and announce it."""
        keys.configure(obj, **{name: getattr(obj, name) for name in form.changed_data})
