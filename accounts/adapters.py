"""How django-allauth is used here: customers come from NabzClan alone."""

import base64
from typing import Any, NoReturn

import msgspec
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import perform_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthError
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts import ciphers, recent, visits
from accounts.addresses import of_request
from accounts.models import User
from accounts.nabzclan import client, members
from accounts.nabzclan.client import Person, Tokens
from accounts.nabzclan.provider import Arrival

PENDING = "pending"


class Newcomer(msgspec.Struct, frozen=True):
    """Somebody who has come from NabzClan and has no account yet."""

    person: Person
    tokens: Tokens
    next: str = ""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-ins by password, which staff alone have."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody can sign up here but through NabzClan."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that limits count by."""
        return of_request(request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where a sign-in leads."""
        user = request.user
        local = isinstance(user, User) and user.is_staff and user.nabzclan_id is None
        return reverse("admin:index") if local else reverse("dashboard")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Return where a sign-out leads."""
        return reverse("landing")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing is logged of a failed sign-in but that there was one."""

    def post_login(self, request: HttpRequest, user: User, **how: Any) -> HttpResponse:
        """Note when somebody signed in, for acts that ask for a recent sign-in, and the day."""
        recent.note(request)
        visits.note(user.pk, timezone.now().date())
        response: HttpResponse = super().post_login(request, user, **how)
        return response

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Let a recent sign-in be enough to change one's second factors."""
        return not recent.signed_in_recently(self.request)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: that somebody is signed in can be seen."""

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send no mail of allauth's own."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Sign-ins through NabzClan."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Arrival) -> NoReturn:
        """Sign in whoever has an account, and welcome whoever has none; both end here."""
        person, tokens = sociallogin.person, sociallogin.tokens
        user = members.find(person)
        next_url = sociallogin.get_redirect_url(request) or ""
        if request.user.is_authenticated and request.user != user:
            request.session.flush()
        if user is None:
            keep(request, Newcomer(person, tokens, next_url))
            raise ImmediateHttpResponse(redirect("welcome"))
        members.update(user, person, tokens)
        raise ImmediateHttpResponse(sign_in(request, user, next_url=next_url))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> NoReturn:
        """Say on the sign-in page what went wrong, and what to do."""
        trouble, status = "failed", 401
        if error == AuthError.CANCELLED:
            trouble, status = "cancelled", 200
        elif client.is_down() or type(exception).__name__ == "ProviderException":
            trouble, status = "down", 503
        elif exception is None and "state_id" in (extra_context or {}):
            trouble = "stale"
        context = {"trouble": trouble, "down": trouble == "down"}
        raise ImmediateHttpResponse(
            render(request, "accounts/sign_in.html", context, status=status)
        )


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors, whose secrets are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        """Return a secret as it is stored."""
        return ciphers.encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a stored secret."""
        return ciphers.decrypt(encrypted_text.encode())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return who asks for a passkey."""
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": settings.MFA_TOTP_ISSUER}


def sign_in(request: HttpRequest, user: User, *, next_url: str = "") -> HttpResponse:
    """Sign somebody in, by way of the second factor where they have one."""
    response: HttpResponse = perform_login(
        request, user, email_verification="none", redirect_url=next_url or None
    )
    return response


def keep(request: HttpRequest, newcomer: Newcomer) -> None:
    """Keep, encrypted in the session, who waits at the welcome page."""
    text = msgspec.json.encode(newcomer).decode()
    request.session[PENDING] = base64.b64encode(ciphers.encrypt(text)).decode()


def waiting(request: HttpRequest) -> Newcomer | None:
    """Return who waits at the welcome page in this session."""
    kept = request.session.get(PENDING)
    if not kept:
        return None
    try:
        return msgspec.json.decode(ciphers.decrypt(base64.b64decode(kept)), type=Newcomer)
    except InvalidToken:
        # The key has been rotated meanwhile, so they begin anew.
        return None
