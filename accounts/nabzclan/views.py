"""The two doors of the OAuth flow; django-allauth finds them here by name."""

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView

from accounts.limited import limited
from accounts.nabzclan.provider import NabzClanOAuth2Adapter

oauth2_login = limited(by="ip")(OAuth2LoginView.adapter_view(NabzClanOAuth2Adapter))
oauth2_callback = OAuth2CallbackView.adapter_view(NabzClanOAuth2Adapter)
