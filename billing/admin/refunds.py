"""Refunds to the original payment: requested by one member of staff, approved by another."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from billing import refunds
from billing.admin import confirmed, whose
from billing.admin.read_only import AddOnlyAdmin, staff_of
from billing.amounts import in_dollars
from billing.models import Refund, RefundState

SHOWN = (
    *("id", "customer", "receipt", "dollars", "reason", "state", "problem", "stripe_id"),
    *("requested_by", "created_at", "decided_by", "decided_at"),
)
OUTCOMES = {
    RefundState.WAITING: "This waits until a second person approves it.",
    RefundState.APPROVED: "Stripe does not answer; it is tried again by itself.",
    RefundState.DONE: "Done: the money is on its way back.",
    RefundState.DECLINED: "Declined: nothing was paid back.",
    RefundState.REFUSED: "Refused: nothing was paid back.",
}
LEVELS = {
    RefundState.WAITING: messages.WARNING,
    RefundState.APPROVED: messages.WARNING,
    RefundState.DONE: messages.SUCCESS,
    RefundState.DECLINED: messages.SUCCESS,
    RefundState.REFUSED: messages.ERROR,
}


def _named(refund: Refund) -> str:
    order = refund.order
    name, receipt = whose.name(order.account), order.receipt_number or "a purchase"
    asked = refund.requested_by or "somebody who was erased"
    return (
        f"{in_dollars(refund.amount)} of {receipt} to {name}, asked for by {asked}: {refund.reason}"
    )


APPROVE = confirmed.Question(
    title="Approve and pay back?",
    each=lambda refund: f"Pay back {_named(refund)}",
    undo="It cannot be undone: money that went back can only be paid again.",
    button="Approve and pay back",
    danger=True,
)
DECLINE = confirmed.Question(
    title="Decline refunds?",
    each=lambda refund: f"Do not pay back {_named(refund)}",
    undo="It cannot be undone, but the same refund can be asked for anew.",
    button="Decline",
)


class RefundForm(confirmed.ReasonChecked, forms.ModelForm):  # type: ignore[type-arg]
    """What is paid back, and why."""

    dollars = forms.DecimalField(
        label="US dollars",
        min_value=0,
        max_digits=9,
        decimal_places=2,
        help_text="At most what is unspent of the order.",
        widget=UnfoldAdminDecimalFieldWidget,
    )
    id = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    class Meta:
        model = Refund
        fields = ("order", "reason")

    def clean(self) -> dict[str, Any]:
        """Refuse more than is unspent."""
        fields: dict[str, Any] = super().clean() or {}
        order, dollars = fields.get("order"), fields.get("dollars")
        if order is not None and dollars is not None:
            fields["cents"] = int(dollars * 100)
            most = refunds.most(order)
            if Refund.objects.filter(pk__in=[fields.get("id")]).exists():
                return fields
            if not 0 < fields["cents"] <= most:
                self.add_error("dollars", f"At most {in_dollars(most)} of this order is unspent.")
        return fields


@admin.register(Refund)
class RefundAdmin(AddOnlyAdmin):
    """Refunds, newest first."""

    form = RefundForm
    autocomplete_fields = ("order",)
    list_display = (
        *("created_at", "customer", "receipt", "dollars", "state", "problem"),
        *("reason", "requested_by", "decided_by"),
    )
    list_filter = ("state",)
    list_select_related = ("order__account__user", "requested_by", "decided_by")
    search_fields = (
        *("id", "order__id", "order__receipt", "order__payment_intent", "stripe_id"),
        "order__account__user__username",
    )
    ordering = ("-created_at",)
    actions = ("approve", "decline")

    def get_fields(self, request: HttpRequest, obj: Refund | None = None) -> Any:
        """Show the form of a refund where one is made."""
        return ("order", "dollars", "reason") if obj is None else SHOWN

    def get_readonly_fields(self, request: HttpRequest, obj: Refund | None = None) -> Any:
        """Nothing of a refund that was asked for can be changed."""
        return () if obj is None else SHOWN

    def has_approve_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may decide about the requests of others."""
        return staff_of(request).has_perm("billing.approve_refund")

    @admin.display(description="customer")
    def customer(self, refund: Refund) -> str:
        """Return whose money it is."""
        return whose.link(refund.order.account.user)

    @admin.display(description="purchase", ordering="order__receipt")
    def receipt(self, refund: Refund) -> str:
        """Return what is paid back, by its receipt."""
        order = refund.order
        place = reverse("admin:billing_order_change", args=[order.pk])
        return format_html('<a href="{}">{}</a>', place, order.receipt_number or order)

    def acts_on(self, row: Refund) -> Sequence[str]:
        """Offer to decide about what waits."""
        return ("approve", "decline") if row.state == RefundState.WAITING else ()

    @admin.display(description="US dollars", ordering="amount")
    def dollars(self, refund: Refund) -> str:
        """Return how much it is."""
        return in_dollars(refund.amount)

    def save_model(self, request: HttpRequest, obj: Refund, form: Any, change: bool) -> None:
        """Request what was typed in; up to the limit it is made at once."""
        fields = form.cleaned_data
        request.sent_before = Refund.objects.filter(pk=fields["id"]).exists()  # type: ignore[attr-defined]
        made = refunds.request(
            fields["order"],
            cents=fields["cents"],
            reason=fields["reason"],
            by=staff_of(request),
            id=fields["id"],
        )
        obj.pk, obj.state, obj.problem = made.pk, made.state, made.problem

    def log_addition(self, request: Any, obj: Refund, message: Any) -> Any:
        """Log a request once, however often its form is sent."""
        return None if request.sent_before else super().log_addition(request, obj, message)

    def changeform_view(self, request: HttpRequest, *place: Any, **named: Any) -> HttpResponse:
        """Say so where the credits were spent, or the form was sent twice, in this very moment."""
        try:
            return super().changeform_view(request, *place, **named)
        except refunds.CannotRefund as cannot:
            messages.error(request, str(cannot))
            return redirect("admin:billing_refund_changelist")

    def response_add(
        self, request: HttpRequest, obj: Refund, post_url_continue: Any = None
    ) -> HttpResponse:
        """Say what became of the request."""
        self._tell(request, obj)
        return redirect("admin:billing_refund_changelist")

    @admin.action(description="Approve and pay back", permissions=["approve"])
    @confirmed.first(APPROVE)
    def approve(self, request: HttpRequest, queryset: QuerySet[Refund], reason: str) -> None:
        """Make refunds that others requested."""
        self._decide(request, queryset, refunds.approve, reason)

    @admin.action(description="Decline", permissions=["approve"])
    @confirmed.first(DECLINE)
    def decline(self, request: HttpRequest, queryset: QuerySet[Refund], reason: str) -> None:
        """Refuse refunds that were requested."""
        self._decide(request, queryset, refunds.decline, reason)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Refund],
        decide: Callable[..., Refund],
        reason: str,
    ) -> None:
        for refund in queryset:
            try:
                decided = decide(refund, by=staff_of(request))
            except refunds.CannotRefund as cannot:
                self.message_user(request, f"{refund}: {cannot}", messages.ERROR)
                continue
            outcome = OUTCOMES[RefundState(decided.state)]
            self.log_change(request, decided, f"{outcome} Why: {reason}")
            self._tell(request, decided)

    def _tell(self, request: HttpRequest, refund: Refund) -> None:
        state = RefundState(refund.state)
        text = f"{refund}: {OUTCOMES[state]} {refund.problem}".strip()
        self.message_user(request, text, LEVELS[state])
