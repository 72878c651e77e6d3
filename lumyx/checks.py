"""Deploy checks: what must never reach production (`manage.py check --deploy`)."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from lumyx.env import INSECURE_FERNET_KEY
from lumyx.settings import INSECURE

STANDIN_SECRET = "nabzclan-stand-in"  # noqa: S105  known to everybody
NABZCLAN_URLS = ("NABZCLAN_AUTHORIZE_URL", "NABZCLAN_TOKEN_URL", "NABZCLAN_USER_URL")


@register(Tags.security, deploy=True)
def production_is_real(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse stand-ins, DEBUG, default secrets and plain HTTP."""
    found: list[CheckMessage] = []
    if settings.STANDINS:
        found.append(Error("STANDINS is on: outside companies are imitated.", id="lumyx.E001"))
    if settings.DEBUG:
        found.append(Error("DEBUG is on.", id="lumyx.E002"))
    secrets = [settings.SECRET_KEY, *settings.KEY_PEPPERS.values()]
    if any(secret.startswith(INSECURE) for secret in secrets) or (
        INSECURE_FERNET_KEY in settings.ENCRYPTION_KEYS
    ):
        found.append(Error("A default secret is in use.", id="lumyx.E003"))
    if settings.SECRET_KEY in settings.KEY_PEPPERS.values():
        found.append(Error("A key pepper equals SECRET_KEY.", id="lumyx.E004"))
    if not settings.HTTPS:
        found.append(Error("PUBLIC_URL does not begin with https://.", id="lumyx.E005"))
    if settings.NABZCLAN_CLIENT_SECRET == STANDIN_SECRET:
        found.append(Error("NABZCLAN_CLIENT_SECRET is the stand-in's.", id="lumyx.E006"))
    if any(not getattr(settings, name).startswith("https://") for name in NABZCLAN_URLS):
        found.append(Error("NabzClan is to be asked without HTTPS.", id="lumyx.E007"))
    return found
