"""The page of what happens when credits run low."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.limited import limited
from accounts.models import User
from accounts.pages import signed_in
from accounts.recent import ask, signed_in_recently
from billing import accounts, automatic, checkout, stripe_api
from billing.forms import AlertForm, AutoTopUpForm
from billing.models import MICRO, Account, AutoTopUp, LowBalanceAlert, StripeCustomer
from billing.soon import TOP_UP, soon
from billing.stripe_api import StripeDown

WHY_OFF = {
    "authentication_required": "Your bank wants you to confirm each payment yourself.",
    "card_removed": "The saved card was removed.",
    "expired_card": "The saved card has expired.",
    "insufficient_funds": "The saved card had too little money on it.",
    automatic.NOT_TAKEN: "Stripe did not take the payment.",
}


@never_cache
@login_required
@require_safe
def auto_top_up(request: HttpRequest) -> HttpResponse:
    """Show what happens when credits run low."""
    return _page(request)


@never_cache
@login_required
@require_POST
@limited("30/h")
def save_auto_top_up(request: HttpRequest) -> HttpResponse:
    """Turn automatic top-ups on, off, or change them."""
    if not signed_in_recently(request):
        return ask(reverse("auto_top_up"))
    user = signed_in(request)
    account = accounts.open_for(user)
    plan = _plan(account)
    form = AutoTopUpForm(request.POST, plan=plan, has_card=_has_card(account))
    if not form.is_valid():
        return _page(request, plan_form=form)
    values = form.values()
    AutoTopUp.objects.update_or_create(
        account=account,
        defaults={**values, "why_off": "", "told_at": None, "changed_at": timezone.now()},
    )
    if values["enabled"]:
        soon(TOP_UP, account.pk)
    messages.success(request, f"Automatic top-up is {'on' if values['enabled'] else 'off'}.")
    return redirect("auto_top_up")


@never_cache
@login_required
@require_POST
def save_alert(request: HttpRequest) -> HttpResponse:
    """Choose when to be told that credits run low."""
    user = signed_in(request)
    account = accounts.open_for(user)
    alert = _alert(account)
    form = AlertForm(request.POST, alert=alert, mail=user.mail_low_balance)
    if not form.is_valid():
        return _page(request, alert_form=form)
    LowBalanceAlert.objects.update_or_create(
        account=account,
        defaults={"threshold": int(form.cleaned_data["below"] * MICRO), "told_at": None},
    )
    User.objects.filter(pk=user.pk).update(mail_low_balance=form.cleaned_data["mail"])
    messages.success(request, "Your choice is saved.")
    return redirect("auto_top_up")


@never_cache
@login_required
@require_POST
@limited("30/h")
def save_card(request: HttpRequest) -> HttpResponse:
    """Send somebody to Stripe to save a card."""
    if not signed_in_recently(request):
        return ask(reverse("auto_top_up"))
    try:
        return redirect(checkout.begin_saving_card(accounts.open_for(signed_in(request))))
    except StripeDown:
        messages.error(request, "Stripe does not answer right now. Nothing was saved.")
        return redirect("auto_top_up")


def _page(
    request: HttpRequest,
    *,
    plan_form: AutoTopUpForm | None = None,
    alert_form: AlertForm | None = None,
) -> HttpResponse:
    user = signed_in(request)
    account = accounts.open_for(user)
    plan, alert, has_card = _plan(account), _alert(account), _has_card(account)
    spent = automatic.spent_this_month(account)
    wrong = plan_form is not None or alert_form is not None
    context = {
        "account": account,
        "plan": plan,
        "why_off": WHY_OFF.get(plan.why_off, "The saved card was declined.")
        if plan.why_off
        else "",
        "has_card": has_card,
        "saved": "saved" in request.GET and not has_card,
        "spent": spent,
        "spent_most": plan.monthly_ceiling,
        "reached": plan.enabled and spent + plan.amount > plan.monthly_ceiling,
        "plan_form": plan_form or AutoTopUpForm(plan=plan, has_card=has_card),
        "alert_form": alert_form or AlertForm(alert=alert, mail=user.mail_low_balance),
        "can_buy": stripe_api.available(),
    }
    return render(request, "billing/auto_top_up.html", context, status=400 if wrong else 200)


def _plan(account: Account) -> AutoTopUp:
    """Return what was chosen, or what is offered before anybody chose, which is not kept."""
    return AutoTopUp.objects.filter(account=account).first() or AutoTopUp(account=account)


def _alert(account: Account) -> LowBalanceAlert:
    found = LowBalanceAlert.objects.filter(account=account).first()
    return found or LowBalanceAlert(account=account)


def _has_card(account: Account) -> bool:
    return StripeCustomer.objects.filter(account=account).exclude(payment_method="").exists()
