"""Pages on which rows can be read, and those on which they can be added but stay as they are."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.admin import ModelAdmin

from accounts import second_factor
from accounts.models import User


def staff_of(request: HttpRequest) -> User:
    """Return the member of staff who asks; the admin lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


class ReadOnlyAdmin(ModelAdmin):
    """Shows rows and changes none."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted by hand."""
        return False


class AddOnlyAdmin(ReadOnlyAdmin):
    """Adds rows that give money, after a second factor that was shown within the last minutes."""

    change_form_before_template = "billing/hidden_fields.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who has the permission adds."""
        return bool(ModelAdmin.has_add_permission(self, request))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Ask for the second factor before the form, so that nothing is typed in vain."""
        adding = object_id is None and self.has_add_permission(request)
        if adding and not second_factor.shown_recently(request, staff_of(request)):
            messages.warning(request, "Show your second factor first. Nothing was changed.")
            back = urlencode({"next": request.get_full_path()})
            return redirect(f"{reverse('mfa_reauthenticate')}?{back}")
        only_save = {"show_save_and_continue": False, "show_save_and_add_another": False}
        page: HttpResponse = super().changeform_view(
            request, object_id, form_url, only_save | (extra_context or {})
        )
        return page
