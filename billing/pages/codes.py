"""Redeem a code on the website."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.limited import limited
from accounts.models import State
from accounts.pages import signed_in
from billing import accounts, codes
from billing.amounts import in_credits
from billing.forms import RedeemForm


@never_cache
@login_required
@require_POST
@limited("10/h")
def redeem(request: HttpRequest) -> HttpResponse:
    """Give somebody what a code is worth."""
    user = signed_in(request)
    form = RedeemForm(request.POST)
    text = form.cleaned_data["code"] if form.is_valid() else ""
    if user.state == State.CLOSING:
        messages.error(request, "Your account is being closed, so it can redeem nothing.")
        return redirect("billing")
    try:
        redemption = codes.redeem(accounts.open_for(user), text)
    except codes.CodeRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{in_credits(redemption.amount)} credits are yours.")
    return redirect("billing")
