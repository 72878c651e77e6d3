"""Give a customer credits, or correct what they have; large amounts wait for a second person."""

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.models import ADDITION
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from accounts.models import User
from billing import accounts, adjustments
from billing.admin.adjustments import LEVELS, OUTCOMES, AdjustmentForm
from billing.admin.read_only import staff_of
from billing.amounts import in_credits
from billing.models import Account, Adjustment, AdjustmentKind, AdjustmentState
from lumyx.office.customers import acts
from privacy.admin_rows import Rows


class CreditsForm(AdjustmentForm):
    """What to give to one customer, or to correct, and why."""

    kind = forms.ChoiceField(choices=AdjustmentKind.choices, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Adjustment
        fields = ("kind", "bonus", "reason")
        widgets = {
            "bonus": UnfoldBooleanWidget,
            "reason": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        }

    field_order = ("kind", "credits", "bonus", "reason")


@acts.act(acts.CREDIT)
def credit(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Ask how much and why; then say what that does, and do it once it is agreed to."""
    user = get_object_or_404(User, pk=user_id)
    account = accounts.open_for(user)
    form = CreditsForm(acts.sent(request), instance=Adjustment(account=account))
    rows: Rows = [(Account, account.pk)]
    if not form.is_valid() or acts.rethought(request):
        return acts.ask(request, user, _asked(user), form, rows=rows)
    if not acts.confirmed(request):
        what = _previewed(user, account, form.cleaned_data, by=staff_of(request))
        return acts.ask(request, user, what, form, confirming=True, rows=rows)
    return _request(request, user, account, form)


def _asked(user: User) -> acts.Act:
    return acts.Act(
        title=f"Credits for {user.username}",
        happens=[
            "A grant gives credits; one that is a bonus is spent last, and never paid back.",
            "A correction repairs a mistake; where it takes credits, write it as negative.",
            f"More than {settings.APPROVAL_CREDITS} credits within a day wait for a second person.",
        ],
        undo="Nothing moves yet: what will happen is shown first.",
        button="See what will happen",
    )


def _previewed(user: User, account: Account, said: dict[str, object], *, by: User) -> acts.Act:
    amount = int(str(said["credits"]))
    verb, way = ("Give", "to") if amount > 0 else ("Take", "from")
    shown = in_credits(abs(amount))
    kind = "a bonus grant" if said["bonus"] else f"a {said['kind']}"
    free, after = in_credits(account.available), in_credits(account.available + amount)
    happens = [
        f"{verb} {shown} credits {way} {user.username}, as {kind}.",
        f"Free credits go from {free} to {after}.",
    ]
    if account.available + amount < 0:
        happens[-1] = f"Only {free} credits are free, so it will be refused."
    elif adjustments.waits(account, amount, by=by):
        happens.append("It waits until a second person approves it; nothing moves before.")
    else:
        happens.append("It is done at once.")
    return acts.Act(
        title=f"{verb} {shown} credits?",
        happens=happens,
        undo="The ledger keeps it for good. A mistake is put right by a correction the other way.",
        button=f"{verb} {shown} credits",
        danger=amount < 0,
    )


def _request(request: HttpRequest, user: User, account: Account, form: CreditsForm) -> HttpResponse:
    said = form.cleaned_data
    known = Adjustment.objects.filter(pk=said["id"]).exists()
    try:
        with transaction.atomic():
            made = adjustments.request(
                account=account,
                kind=said["kind"],
                amount=said["credits"],
                bonus=said["bonus"],
                reason=said["reason"],
                by=staff_of(request),
                id=said["id"],
            )
            if not known:
                acts.log(request, made, "Added.", flag=ADDITION)
    except adjustments.RequestDiffers:
        words = "This form was sent before. Nothing was moved this time; begin a new one."
        return acts.back(request, user, words, level=messages.ERROR)
    state = AdjustmentState(made.state)
    words = OUTCOMES[state]
    if state == AdjustmentState.WAITING:
        waiting = reverse("admin:billing_adjustment_changelist") + "?state__exact=waiting"
        words = format_html('{} <a href="{}">See what waits</a>.', words, waiting)
    return acts.back(request, user, words, level=LEVELS[state])
