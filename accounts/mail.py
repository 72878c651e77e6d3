"""Mail to a person, from a template of an app."""

import logging
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User

log = logging.getLogger("lumyx.accounts")


def send(user: User, subject: str, template: str, context: dict[str, Any]) -> bool:
    """Send a mail; False where it is to be tried again. Who has no address has had it."""
    if not user.email:
        return True
    text = render_to_string(template, {**context, "user": user})
    try:
        send_mail(subject, text, None, [user.email])
    except (SMTPException, OSError) as error:
        log.warning("a mail to %s could not be sent: %s", user.pk, type(error).__name__)
        return False
    return True


def address(name: str, *arguments: Any) -> str:
    """Return the whole address of one of our pages."""
    return f"{settings.PUBLIC_URL}{reverse(name, args=arguments)}"
