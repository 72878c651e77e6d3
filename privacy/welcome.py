"""The first-time screen: old enough, and the documents accepted; later, new versions of them."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts import adapters
from accounts.limited import limited
from accounts.models import User
from accounts.nabzclan import members
from accounts.wording import WordedForm
from billing import accounts, bonuses
from privacy import acceptances, policies

ACCEPTED = "accepted"
FREE = (
    *("/welcome", "/sign-out", "/accounts/", "/admin/", "/static/", "/privacy", "/terms"),
    *("/cookies", "/status"),
)
"""Where those may go who have not accepted yet."""


class WelcomeForm(WordedForm):
    """What everybody is asked once."""

    age = forms.ChoiceField(
        label="How old are you?",
        choices=[("13", acceptances.AGE), ("under", "I am under 13")],
        widget=forms.RadioSelect,
    )
    accept = forms.BooleanField(
        label="I accept both.",
        required=False,
    )

    def __init__(self, *args: Any, ask_age: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not ask_age:
            del self.fields["age"]

    @property
    def too_young(self) -> bool:
        """Whether the person is under 13."""
        return self.data.get("age") == "under"

    def clean_accept(self) -> bool:
        """Let nobody in who has not accepted; who is under 13 is asked for nothing."""
        if not self.cleaned_data["accept"] and not self.too_young:
            raise ValidationError("You need to accept them to use LumyxAI.")
        return bool(self.cleaned_data["accept"])


@never_cache
@limited(by="ip")
def welcome(request: HttpRequest) -> HttpResponse:
    """Welcome a newcomer, or ask somebody known to accept a new version."""
    newcomer = adapters.waiting(request)
    user = request.user if isinstance(request.user, User) else None
    if newcomer is None and user is None:
        return redirect("sign_in")
    due = policies.all_current() if user is None else acceptances.missing(user)
    if newcomer is None and not due:
        return redirect("dashboard")
    form = WelcomeForm(request.POST or None, ask_age=newcomer is not None)
    if newcomer is not None and form.too_young:
        members.turn_away(newcomer.tokens)
        request.session.flush()
        return render(request, "privacy/too_young.html", status=403)
    if request.method != "POST" or not form.is_valid():
        name = newcomer.person.username if newcomer else cast(User, user).username
        context = {"form": form, "due": due, "newcomer": newcomer, "name": name}
        return render(request, "privacy/welcome.html", context, status=400 if form.errors else 200)
    if newcomer is None:
        acceptances.record(cast(User, user), due)
        return redirect("dashboard")
    joined = join(newcomer, due)
    request.session.pop(adapters.PENDING, None)
    return adapters.sign_in(request, joined, next_url=newcomer.next)


@transaction.atomic
def join(newcomer: adapters.Newcomer, accepted: list[policies.Policy]) -> User:
    """Make an account for a newcomer, with what it begins with."""
    user = members.join(newcomer.person, newcomer.tokens)
    acceptances.affirm_age(user)
    acceptances.record(user, accepted)
    account = accounts.open_for(user)
    if settings.SIGNUP_CREDITS:
        bonuses.grant_signup(account, newcomer.person.id)
    return user


def demanded(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: who is signed in and has not accepted what is in effect is asked first."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        if (
            isinstance(user, User)
            and user.nabzclan_id is not None
            and not request.path.startswith(FREE)
        ):
            wanted = [policy.sha256 for policy in policies.all_current()]
            if request.session.get(ACCEPTED) != wanted:
                if acceptances.missing(user):
                    return redirect(reverse("welcome"))
                request.session[ACCEPTED] = wanted
        return get_response(request)

    return middleware
