"""NabzClan as a provider of django-allauth, which carries state and PKCE (RFC 7636)."""

from typing import Any

from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from accounts.nabzclan import client
from accounts.nabzclan.client import NabzClanDown, Person, TokenRefused, Tokens


class Arrival(SocialLogin):  # type: ignore[misc]
    """Somebody who comes from NabzClan, as it describes them."""

    person: Person
    tokens: Tokens


class NabzClanOAuth2Adapter(OAuth2Adapter):  # type: ignore[misc]
    """Where NabzClan answers, and how its answers are read."""

    provider_id = "nabzclan"

    @property
    def authorize_url(self) -> str:
        """Return where people consent."""
        return str(settings.NABZCLAN_AUTHORIZE_URL)

    @property
    def access_token_url(self) -> str:
        """Return where codes are turned into tokens."""
        return str(settings.NABZCLAN_TOKEN_URL)

    def get_access_token_data(
        self, request: HttpRequest, app: Any, oauth: Any, pkce_code_verifier: str | None = None
    ) -> Tokens:
        """Turn the code into tokens; raises what the callback's view expects."""
        try:
            return client.exchange(
                request.GET["code"],
                verifier=pkce_code_verifier or "",
                redirect_uri=oauth.callback_url,
            )
        except TokenRefused as error:
            raise OAuth2Error(str(error)) from None
        except NabzClanDown as error:
            raise ProviderException(str(error)) from None

    def parse_token(self, data: Tokens) -> Tokens:
        """Return the tokens, which are read already."""
        return data

    def complete_login(
        self, request: HttpRequest, app: Any, token: Tokens, **kwargs: Any
    ) -> Arrival:
        """Ask who has come; raises ProviderException where NabzClan does not say."""
        try:
            person = client.fetch(token.access)
        except (NabzClanDown, TokenRefused) as error:
            raise ProviderException(str(error)) from None
        provider = self.get_provider()
        account = SocialAccount(provider=provider.id, uid=person.id)
        arrival = Arrival(provider=provider, account=account, user=User())
        arrival.person, arrival.tokens = person, token
        return arrival


class NabzClanProvider(OAuth2Provider):  # type: ignore[misc]
    """NabzClan, the only way customers sign in."""

    id = "nabzclan"
    name = "NabzClan"
    oauth2_adapter_class = NabzClanOAuth2Adapter
    pkce_enabled_default = True

    def get_scope(self) -> list[str]:
        """Return what we ask for."""
        return list(settings.NABZCLAN_SCOPES)

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Return what we ask for, whatever the page's address says."""
        return self.get_scope()

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        """Ask for a fresh sign-in where a sensitive act waits for one."""
        return dict(settings.NABZCLAN_FRESH_PARAMETERS) if "fresh" in request.GET else {}


provider_classes = [NabzClanProvider]
