"""Staff's view of people."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from accounts import customer_links
from accounts.announcements import EVERY_KEY, announce
from accounts.closed_lists import ModelAdmin
from accounts.models import LastVisit, NabzClanLink, Restriction, User

POWERS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


class PowersForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an account may do with us as staff, which is changed only once that was meant."""

    sure = forms.BooleanField(
        label="Change these powers",
        required=False,
        help_text="Whoever is not active cannot sign in, and their keys are refused. A"
        " superuser may do everything here. To close a customer's account, freeze or erase it on"
        " their page.",
    )

    def clean(self) -> dict[str, Any]:
        """Refuse to change powers that nobody said they meant to."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if set(POWERS) & set(self.changed_data) and not said.get("sure"):
            self.add_error("sure", "Tick this as well: it changes what this account may do.")
        return said


@admin.register(User)
class UserAdmin(ModelAdmin):
    """People; they come from NabzClan and leave by erasure, never by hand."""

    form = PowersForm
    list_display = (
        *("username", "nabzclan_id", "vip_level", "state", "is_staff", "created_at"),
        "customer",
    )
    list_filter = ("state", "is_staff", "vip_level")
    search_fields = ("username", "nabzclan_id", "email", "id")
    # What NabzClan sends or the person chose: changed by hand, it would be undone or unwanted.
    # The state is changed by pages that ask why: freezing, and erasure.
    readonly_fields = (
        *("id", "nabzclan_id", "username", "email", "vip_level", "vip_expires_at", "state"),
        *("mail_low_balance", "mail_receipts", "mail_news", "created_at"),
    )
    exclude = ("password",)
    filter_horizontal = ("groups", "user_permissions")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only superusers hand out power; nobody else can give it to themselves."""
        own = tuple(self.readonly_fields)
        return own if request.user.is_superuser else (*own, *POWERS)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Ask only those whether they are sure who can change something."""
        shown = list(super().get_fields(request, obj))
        return shown if request.user.is_superuser else [name for name in shown if name != "sure"]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save what was changed, and tell every process where keys are concerned."""
        super().save_model(request, obj, form, change)
        if "is_active" in form.changed_data:
            transaction.on_commit(lambda: announce(EVERY_KEY))

    @admin.display(description="page")
    def customer(self, user: User) -> str:
        """Return a link to the page about a person."""
        return customer_links.open_customer(user.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody is made by hand: customers sign in, staff are made by a command."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Deleting a row would leave data elsewhere; erasure reaches all of it."""
        return False


@admin.register(NabzClanLink)
class NabzClanLinkAdmin(ModelAdmin):
    """What NabzClan sends about people; its tokens are shown to nobody."""

    list_display = ("user", "username", "synced_at", "failures")
    list_select_related = ("user",)
    search_fields = ("username", "user__username")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """NabzClan alone writes here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: NabzClanLink | None = None) -> bool:
        """NabzClan alone writes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: NabzClanLink | None = None) -> bool:
        """A link goes with its account."""
        return False


class OwnActsAdmin(ModelAdmin):
    """What people themselves do; staff can only read it."""

    list_select_related = ("user",)
    search_fields = ("user__username", "user__id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted by hand."""
        return False


@admin.register(Restriction)
class RestrictionAdmin(OwnActsAdmin):
    """What people restricted or objected to, in the privacy centre."""

    list_display = ("user", "purpose", "kind", "since")
    list_filter = ("purpose", "kind")


@admin.register(LastVisit)
class LastVisitAdmin(OwnActsAdmin):
    """The day on which people were last here."""

    list_display = ("user", "day")
