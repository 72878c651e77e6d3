"""Pages on which rows can be read, and those on which they can be added but stay as they are."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import second_factor
from accounts.closed_lists import ModelAdmin
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
    change_form_outer_before_template = "billing/acts_on_row.html"

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
        acts = {} if object_id is None else self._acts(request, object_id)
        page: HttpResponse = super().changeform_view(
            request, object_id, form_url, {**only_save, **acts, **(extra_context or {})}
        )
        return page

    def acts_on(self, row: Any) -> Sequence[str]:
        """Return the actions of the list that the page of this row offers."""
        return ()

    def _acts(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """Return the acts that who asks may do on a row; each is asked about on its own page."""
        row = self.get_object(request, unquote(object_id))
        allowed = self.get_actions(request)
        names = [name for name in self.acts_on(row) if name in allowed] if row else []
        return {
            "acts_on_row": [(name, allowed[name][2]) for name in names],
            "acts_list": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
        }
