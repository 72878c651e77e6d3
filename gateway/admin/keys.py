"""Keys, which staff can limit and revoke."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts import customer_links
from accounts.closed_lists import ModelAdmin
from gateway import key_tightening, keys
from gateway.models import ApiKey, Scope

LOOSER = "That would let the key do more than now. Only its owner may; you may only tighten it."


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a key may do."""

    scopes = forms.MultipleChoiceField(choices=Scope, widget=forms.CheckboxSelectMultiple)

    def clean(self) -> dict[str, Any]:
        """Refuse to let a key do more than it may: that is for its owner."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        # An emptied list is no change to Django's own form, so that each is compared.
        changed = {
            name: value for name, value in said.items() if value != getattr(self.instance, name)
        }
        try:
            looser = key_tightening.loosened(self.instance, changed)
        except ValueError:
            # The key itself says what a network is.
            return said
        for name in looser:
            self.add_error(name, LOOSER)
        return said


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

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> str:
        """Say what each limit was and is; of lists that may name people's networks, how long."""
        names = form.changed_data
        return "; ".join(
            f"{form.fields[name].label}: {_told(name, form.initial.get(name))}"
            f" → {_told(name, form.cleaned_data[name])}"
            for name in names
        )

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Save what was changed and announce it."""
        keys.configure(obj, **{name: getattr(obj, name) for name in form.changed_data})


def _told(name: str, value: Any) -> str:
    if name == "allowed_networks":
        return str(len(value or []))
    if isinstance(value, list):
        return ", ".join(value) or "any"
    return "none" if value is None else str(value)
