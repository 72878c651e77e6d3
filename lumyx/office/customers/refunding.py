"""Pay a purchase back to where the money came from; large amounts wait for a second person."""

import uuid
from decimal import Decimal
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION
from django.core.validators import ProhibitNullCharactersValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextareaWidget

from accounts.models import User
from billing import refunds
from billing.admin import confirmed
from billing.admin.read_only import staff_of
from billing.admin.refunds import LEVELS, OUTCOMES
from billing.amounts import in_dollars
from billing.models import Order, Refund, RefundState
from lumyx.office.customers import acts
from privacy.admin_rows import Rows


class RefundForm(forms.Form):
    """How much of a purchase is paid back, and why."""

    dollars = forms.DecimalField(
        label="US dollars",
        min_value=Decimal("0.01"),
        max_digits=9,
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget,
    )
    reason = forms.CharField(
        label="Why?",
        min_length=confirmed.REASON_LEAST,
        max_length=1_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        validators=[ProhibitNullCharactersValidator()],
        help_text=confirmed.REASON_HELP,
    )
    id = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)


@acts.act(acts.REFUND)
def refund(request: HttpRequest, user_id: UUID, order_id: UUID) -> HttpResponse:
    """Ask how much and why; then say what that does, and do it once it is agreed to."""
    orders = Order.objects.select_related("account__user").filter(account__user_id=user_id)
    order = get_object_or_404(orders, pk=order_id)
    user = get_object_or_404(User, pk=user_id)
    most = refunds.most(order)
    form = RefundForm(acts.sent(request), initial={"dollars": f"{most / 100:.2f}"})
    form.fields["dollars"].help_text = f"At most {in_dollars(most)} of this purchase is unspent."
    valid = form.is_valid()
    known = valid and Refund.objects.filter(pk=form.cleaned_data["id"], order=order).exists()
    if valid and not known and _cents(form) > most:
        form.add_error("dollars", f"At most {in_dollars(most)} of this purchase is unspent.")
    rows: Rows = [(Order, order.pk)]
    if not form.is_valid() or acts.rethought(request):
        return acts.ask(request, user, _asked(user, order), form, rows=rows)
    if not acts.confirmed(request):
        what = _previewed(user, order, _cents(form), by=staff_of(request))
        return acts.ask(request, user, what, form, confirming=True, rows=rows)
    acts.note(request, rows)
    return _request(request, user, order, form, known=known)


def _cents(form: RefundForm) -> int:
    return int(form.cleaned_data["dollars"] * 100)


def _asked(user: User, order: Order) -> acts.Act:
    name = order.receipt_number or "the purchase"
    return acts.Act(
        title=f"Refund {name}",
        happens=[
            f"{user.username} paid {in_dollars(order.amount)} for {name};"
            f" {in_dollars(order.refunded)} of it went back before.",
            "Only unspent credits are paid back, without the bonus that came with them.",
        ],
        undo="Nothing moves yet: what will happen is shown first.",
        button="See what will happen",
    )


def _previewed(user: User, order: Order, cents: int, *, by: User) -> acts.Act:
    shown = in_dollars(cents)
    waits = refunds.waits(order.account, cents, by=by)
    return acts.Act(
        title=f"Pay {shown} back?",
        happens=[
            f"{shown} of {order.receipt_number} go back to the card or account that {user.username}"
            " paid with, through Stripe.",
            f"As many credits are taken from {user.username}.",
            "It waits until a second person approves it; nothing moves before."
            if waits
            else "It is done at once.",
        ],
        undo="It cannot be undone: money that went back can only be paid again.",
        button=f"Pay {shown} back",
        danger=True,
    )


def _request(
    request: HttpRequest, user: User, order: Order, form: RefundForm, *, known: bool
) -> HttpResponse:
    said = form.cleaned_data
    try:
        made = refunds.request(
            order,
            cents=_cents(form),
            reason=said["reason"],
            by=staff_of(request),
            id=said["id"],
        )
    except refunds.CannotRefund as cannot:
        return acts.back(request, user, str(cannot), level=messages.ERROR)
    if not known:
        acts.log(request, made, "Added.", flag=ADDITION)
    state = RefundState(made.state)
    words = f"{OUTCOMES[state]} {made.problem}".strip()
    if state == RefundState.WAITING:
        waiting = reverse("admin:billing_refund_changelist") + "?state__exact=waiting"
        words = format_html('{} <a href="{}">See what waits</a>.', words, waiting)
    return acts.back(request, user, words, level=LEVELS[state])
