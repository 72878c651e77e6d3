"""The register of what authorities demanded: entered by one, decided by another, never deleted."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.closed_lists import ModelAdmin
from billing.admin import confirmed
from billing.admin.read_only import AddOnlyAdmin, staff_of
from privacy import inventory, legal_requests
from privacy.models import Disclosure, DisclosureState

SECRECY = ("secret_until", "secrecy_basis")
TYPED = (
    *("person", "authority", "legal_basis", "reference", "received_on", "data_sets", "note"),
    *SECRECY,
)
SHOWN = (
    *("id", *TYPED, "state", "requested_by", "requested_at"),
    *("decided_by", "decided_at", "told_person_at"),
)
LIST = "admin:privacy_disclosure_changelist"
OUTCOMES = {
    DisclosureState.WAITING: "This waits until a second person decides.",
    DisclosureState.DISCLOSED: "Approved: the data may be handed over.",
    DisclosureState.REFUSED: "Refused: nothing is handed over.",
}
LEVELS = {
    DisclosureState.WAITING: messages.WARNING,
    DisclosureState.DISCLOSED: messages.SUCCESS,
    DisclosureState.REFUSED: messages.SUCCESS,
}


def _named(demand: Disclosure) -> str:
    whom = demand.person or "nobody who is here"
    data = ", ".join(demand.data_sets)
    return f"{data} of {whom} to {demand.authority}, reference {demand.reference}"


APPROVE = confirmed.Question(
    title="Approve: hand data over?",
    each=lambda demand: f"May be handed over: {_named(demand)}",
    undo="It cannot be undone: what was handed over stays handed over.",
    button="Approve",
    danger=True,
)
REFUSE = confirmed.Question(
    title="Refuse demands?",
    each=lambda demand: f"Is not handed over: {_named(demand)}",
    undo="It cannot be undone, but the same demand can be entered anew.",
    button="Refuse",
)


class DisclosureForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is demanded; the inventory names what there is."""

    data_sets = forms.MultipleChoiceField(
        label="Data",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        choices=lambda: [(entry.name, entry.title) for entry in inventory.data_sets()],
    )
    id = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    class Meta:
        model = Disclosure
        fields = TYPED

    def clean(self) -> dict[str, Any]:
        """Say what the register refuses."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            demand = Disclosure(**{name: cleaned[name] for name in TYPED})
            _judge(self, legal_requests.check, demand)
        return cleaned


class SecrecyForm(forms.ModelForm):  # type: ignore[type-arg]
    """Until when the person may not know: all that is ever changed."""

    class Meta:
        model = Disclosure
        fields = SECRECY

    def clean(self) -> dict[str, Any]:
        """Say what the register refuses."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            for name in SECRECY:
                setattr(self.instance, name, cleaned[name])
            _judge(self, legal_requests.check_secrecy, self.instance)
        return cleaned


def _judge(form: Any, check: Callable[[Disclosure], None], demand: Disclosure) -> None:
    try:
        check(demand)
    except ValidationError as wrong:
        form.add_error(None, wrong)


@admin.register(Disclosure)
class DisclosureAdmin(AddOnlyAdmin):
    """Demands of authorities, newest first."""

    autocomplete_fields = ("person",)
    list_display = (
        *("requested_at", "authority", "reference", "person", "state", "secret_until"),
        *("told_person_at", "requested_by", "decided_by"),
    )
    list_filter = ("state",)
    list_select_related = ("person", "requested_by", "decided_by")
    search_fields = ("id", "authority", "reference", "person__username")
    ordering = ("-requested_at",)
    actions = ("approve", "refuse")

    def get_form(
        self, request: HttpRequest, obj: Disclosure | None = None, change: bool = False, **how: Any
    ) -> Any:
        """A demand is typed in once; after that only its secrecy changes."""
        form = DisclosureForm if obj is None else SecrecyForm
        return super().get_form(request, obj, change, **{"form": form, **how})

    def get_fields(self, request: HttpRequest, obj: Disclosure | None = None) -> Any:
        """Show everything of a demand that was entered."""
        return TYPED if obj is None else SHOWN

    def get_readonly_fields(self, request: HttpRequest, obj: Disclosure | None = None) -> Any:
        """Let only secrecy be changed."""
        return () if obj is None else tuple(name for name in SHOWN if name not in SECRECY)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Secrecy can be set anew until the person was told."""
        told = isinstance(obj, Disclosure) and obj.told_person_at is not None
        return not told and bool(ModelAdmin.has_change_permission(self, request, obj))

    def has_approve_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may decide about what others entered."""
        return staff_of(request).has_perm("privacy.approve_disclosure")

    def save_model(self, request: HttpRequest, obj: Disclosure, form: Any, change: bool) -> None:
        """Enter a demand, or set its secrecy anew."""
        said = form.cleaned_data
        if change:
            legal_requests.keep_secret(
                obj, until=said["secret_until"], because=said["secrecy_basis"]
            )
            return
        obj.pk = said["id"]
        legal_requests.enter(obj, by=staff_of(request))

    def changeform_view(self, request: HttpRequest, *place: Any, **named: Any) -> HttpResponse:
        """Say so where the person was told in this very moment."""
        try:
            return super().changeform_view(request, *place, **named)
        except legal_requests.Told:
            messages.error(request, "The person was told meanwhile; nothing was changed.")
            return redirect(LIST)

    def response_add(
        self, request: HttpRequest, obj: Disclosure, post_url_continue: Any = None
    ) -> HttpResponse:
        """Say that it waits."""
        self._tell(request, obj)
        return redirect(LIST)

    def acts_on(self, row: Disclosure) -> Sequence[str]:
        """Offer to decide about what waits."""
        return ("approve", "refuse") if row.state == DisclosureState.WAITING else ()

    @admin.action(description="Approve: hand the data over", permissions=["approve"])
    @confirmed.first(APPROVE)
    def approve(self, request: HttpRequest, queryset: QuerySet[Disclosure], reason: str) -> None:
        """Agree to what others entered."""
        self._decide(request, queryset, legal_requests.approve, reason)

    @admin.action(description="Refuse", permissions=["approve"])
    @confirmed.first(REFUSE)
    def refuse(self, request: HttpRequest, queryset: QuerySet[Disclosure], reason: str) -> None:
        """Hand nothing over."""
        self._decide(request, queryset, legal_requests.refuse, reason)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Disclosure],
        act: Callable[..., Disclosure],
        reason: str,
    ) -> None:
        """Decide about each by itself, and log it with its outcome."""
        for demand in queryset:
            try:
                with transaction.atomic():
                    decided = act(demand, by=staff_of(request))
                    outcome = OUTCOMES[DisclosureState(decided.state)]
                    self.log_change(request, decided, f"{outcome} Why: {reason}")
            except legal_requests.SamePerson:
                text = "Somebody else has to decide about what you entered or what concerns you."
                self.message_user(request, f"{demand}: {text}", messages.ERROR)
            except legal_requests.NotWaiting:
                self.message_user(request, f"{demand}: decided before.", messages.WARNING)
            else:
                self._tell(request, decided)

    def _tell(self, request: HttpRequest, demand: Disclosure) -> None:
        state = DisclosureState(demand.state)
        self.message_user(request, f"{demand}: {OUTCOMES[state]}", LEVELS[state])
