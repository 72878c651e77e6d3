"""Staff's view of people."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from accounts.models import User

POWERS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(ModelAdmin):
    """People; they come from NabzClan and leave by erasure, never by hand."""

    list_display = ("username", "nabzclan_id", "vip_level", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", "vip_level")
    search_fields = ("username", "nabzclan_id", "email", "id")
    readonly_fields = ("id", "nabzclan_id", "avatar", "vip_level", "vip_expires_at", "created_at")
    exclude = ("password",)
    filter_horizontal = ("groups", "user_permissions")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only superusers hand out power; nobody else can give it to themselves."""
        own = tuple(self.readonly_fields)
        return own if request.user.is_superuser else (*own, *POWERS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody is made by hand: customers sign in, staff are made by a command."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Deleting a row would leave data elsewhere; erasure reaches all of it."""
        return False
