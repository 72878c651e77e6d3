"""The pages of accounts; of django-allauth's only those that are used."""

from allauth.account import views as account_views
from allauth.mfa import urls as mfa_urls
from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns
from django.urls import include, path
from django.views.generic import RedirectView

from accounts import pages
from accounts.nabzclan.provider import NabzClanProvider

to_sign_in = RedirectView.as_view(pattern_name="sign_in")

urlpatterns = [
    path("sign-in", pages.sign_in, name="sign_in"),
    path("sign-in/again", pages.sign_in_again, name="sign_in_again"),
    path("sign-out", pages.sign_out, name="sign_out"),
    path("account", pages.account, name="account"),
    path("account/username", pages.correct_username, name="correct_username"),
    path("account/email", pages.correct_email, name="correct_email"),
    path("account/email/confirm", pages.confirm_email, name="confirm_email"),
    path("account/avatar", pages.correct_avatar, name="correct_avatar"),
    path("account/avatar/<slug:digest>.webp", pages.avatar, name="avatar"),
    path("account/undo/<slug:field>", pages.undo_correction, name="undo_correction"),
    path("account/mail", pages.choose_mail, name="choose_mail"),
    path("account/sessions", pages.list_sessions, name="sessions"),
    path("account/sessions/end", pages.end_session, name="end_session"),
    path("accounts/", include(default_urlpatterns(NabzClanProvider))),
    path("accounts/staff/", account_views.login, name="account_login"),
    path("accounts/inactive/", account_views.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", account_views.reauthenticate, name="account_reauthenticate"),
    path("accounts/2fa/", include(mfa_urls)),
    # Names that django-allauth leads to, and that have no page of their own here.
    path("accounts/cancelled", to_sign_in, name="socialaccount_login_cancelled"),
    path("accounts/error", to_sign_in, name="socialaccount_login_error"),
    path("accounts/signup", to_sign_in, name="account_signup"),
    path("accounts/welcome", to_sign_in, name="socialaccount_signup"),
    path("accounts/password", to_sign_in, name="account_reset_password"),
    path("accounts/connections", to_sign_in, name="socialaccount_connections"),
    path("accounts/email", to_sign_in, name="account_email"),
    path("accounts/logout", account_views.logout, name="account_logout"),
]
