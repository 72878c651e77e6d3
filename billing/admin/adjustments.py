"""Grants and corrections: requested by one member of staff, approved by another."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from billing import adjustments
from billing.admin import confirmed, whose
from billing.admin.credits import MOST, CreditsField, in_credits
from billing.admin.read_only import AddOnlyAdmin, staff_of
from billing.models import Adjustment, AdjustmentState

SHOWN = (
    *("id", "account", "customer", "kind", "credits", "bonus", "reason", "state"),
    *("requested_by", "requested_at", "decided_by", "decided_at"),
)
OUTCOMES = {
    AdjustmentState.WAITING: "This waits until a second person approves it.",
    AdjustmentState.DONE: "Done: the credits were moved.",
    AdjustmentState.DECLINED: "Declined: nothing was moved.",
    AdjustmentState.REFUSED: "Refused: the account has less than that free. Nothing was moved.",
}
LEVELS = {
    AdjustmentState.WAITING: messages.WARNING,
    AdjustmentState.DONE: messages.SUCCESS,
    AdjustmentState.DECLINED: messages.SUCCESS,
    AdjustmentState.REFUSED: messages.ERROR,
}


def _named(adjustment: Adjustment) -> str:
    name, asked = whose.name(adjustment.account), adjustment.requested_by
    verb, way = ("Give", "to") if adjustment.amount > 0 else ("Take", "from")
    amount = in_credits(abs(adjustment.amount))
    kind = "bonus grant" if adjustment.bonus else adjustment.kind
    by = asked or "somebody who was erased"
    return f"{verb} {amount} credits {way} {name} ({kind}), asked for by {by}: {adjustment.reason}"


APPROVE = confirmed.Question(
    title="Approve grants and corrections?",
    each=_named,
    undo="The ledger keeps it for good. A mistake is put right by a correction the other way.",
    button="Approve",
)
DECLINE = confirmed.Question(
    title="Decline grants and corrections?",
    each=lambda adjustment: f"Do not: {_named(adjustment)}",
    undo="It cannot be undone, but the same can be asked for anew.",
    button="Decline",
)


class AdjustmentForm(confirmed.ReasonChecked, forms.ModelForm):  # type: ignore[type-arg]
    """What to give or to correct, and why."""

    credits = CreditsField(
        label="Credits", least=-MOST, help_text="A correction that takes is negative."
    )
    id = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    class Meta:
        model = Adjustment
        fields = ("account", "kind", "bonus", "reason")

    def clean(self) -> dict[str, Any]:
        """Let the model judge the amount."""
        fields: dict[str, Any] = super().clean() or {}
        if fields.get("credits") is not None:
            self.instance.amount = fields["credits"]
        return fields


@admin.register(Adjustment)
class AdjustmentAdmin(AddOnlyAdmin):
    """Grants and corrections, newest first."""

    form = AdjustmentForm
    autocomplete_fields = ("account",)
    list_display = (
        *("requested_at", "customer", "kind", "credits", "bonus", "state"),
        *("reason", "requested_by", "decided_by"),
    )
    list_filter = ("state", "kind")
    list_select_related = ("account__user", "requested_by", "decided_by")
    search_fields = (
        "id",
        "account__public_id",
        "account__user__username",
        "requested_by__username",
    )
    ordering = ("-requested_at",)
    actions = ("approve", "decline")
    fieldsets = ((None, {"fields": SHOWN}),)

    def get_fieldsets(self, request: HttpRequest, obj: Adjustment | None = None) -> Any:
        """Show the form of a request where one is made."""
        if obj is not None:
            return self.fieldsets
        limit = f"More than {settings.APPROVAL_CREDITS} credits wait for a second person."
        fields = ("account", ("kind", "credits"), "bonus", "reason")
        return ((None, {"fields": fields, "description": limit}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Adjustment | None = None) -> Any:
        """Nothing of a request that was made can be changed."""
        return () if obj is None else SHOWN

    def has_approve_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may decide about the requests of others."""
        return staff_of(request).has_perm("billing.approve_adjustment")

    def changeform_view(self, request: HttpRequest, *place: Any, **named: Any) -> HttpResponse:
        """Say so where a form was sent a second time with something else in it."""
        try:
            return super().changeform_view(request, *place, **named)
        except adjustments.RequestDiffers:
            messages.error(
                request, "This form was sent before. Nothing was moved this time; begin a new one."
            )
            return redirect("admin:billing_adjustment_changelist")

    @admin.display(description="credits", ordering="amount")
    def credits(self, adjustment: Adjustment) -> str:
        """Return how much it moves."""
        return in_credits(adjustment.amount)

    @admin.display(description="customer")
    def customer(self, adjustment: Adjustment) -> str:
        """Return whose account it is."""
        return whose.link(adjustment.account.user)

    def acts_on(self, row: Adjustment) -> Sequence[str]:
        """Offer to decide about what waits."""
        return ("approve", "decline") if row.state == AdjustmentState.WAITING else ()

    def save_model(self, request: HttpRequest, obj: Adjustment, form: Any, change: bool) -> None:
        """Request what was typed in."""
        fields = form.cleaned_data
        request.sent_before = Adjustment.objects.filter(pk=fields["id"]).exists()  # type: ignore[attr-defined]
        made = adjustments.request(
            id=fields["id"],
            account=fields["account"],
            kind=fields["kind"],
            amount=fields["credits"],
            bonus=fields["bonus"],
            reason=fields["reason"],
            by=staff_of(request),
        )
        obj.pk, obj.state = made.pk, made.state

    def log_addition(self, request: Any, obj: Adjustment, message: Any) -> Any:
        """Log a request once, however often its form is sent."""
        return None if request.sent_before else super().log_addition(request, obj, message)

    def response_add(
        self, request: HttpRequest, obj: Adjustment, post_url_continue: Any = None
    ) -> HttpResponse:
        """Say what became of the request."""
        self._tell(request, obj)
        return redirect("admin:billing_adjustment_changelist")

    @admin.action(description="Approve", permissions=["approve"])
    @confirmed.first(APPROVE)
    def approve(self, request: HttpRequest, queryset: QuerySet[Adjustment], reason: str) -> None:
        """Carry out what others requested."""
        self._decide(request, queryset, adjustments.approve, reason)

    @admin.action(description="Decline", permissions=["approve"])
    @confirmed.first(DECLINE)
    def decline(self, request: HttpRequest, queryset: QuerySet[Adjustment], reason: str) -> None:
        """Refuse what was requested."""
        self._decide(request, queryset, adjustments.decline, reason)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Adjustment],
        act: Callable[[Adjustment, User], Adjustment],
        reason: str,
    ) -> None:
        """Decide about each by itself, and log it with its outcome."""
        for adjustment in queryset:
            try:
                with transaction.atomic():
                    decided = act(adjustment, staff_of(request))
                    outcome = OUTCOMES[AdjustmentState(decided.state)]
                    self.log_change(request, decided, f"{outcome} Why: {reason}")
            except adjustments.SamePerson:
                text = "Somebody else has to approve what you requested or would get."
                self.message_user(request, f"{adjustment}: {text}", messages.ERROR)
            except adjustments.NotWaiting:
                text = "This was decided before."
                self.message_user(request, f"{adjustment}: {text}", messages.WARNING)
            else:
                self._tell(request, decided)

    def _tell(self, request: HttpRequest, adjustment: Adjustment) -> None:
        state = AdjustmentState(adjustment.state)
        self.message_user(request, f"{adjustment}: {OUTCOMES[state]}", LEVELS[state])
