"""Mail to a person, from a template of an app; each says what it is about.

By that it is known whether somebody who restricts our messages still gets it.
"""

import logging
from enum import Enum
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from accounts import restrictions
from accounts.data_sets import Purpose
from accounts.models import User

log = logging.getLogger("lumyx.accounts")


class About(Enum):
    """What a mail is about, in words for people, and the purpose that it serves."""

    NEWS = "news of models and features", Purpose.MESSAGES
    LOW_BALANCE = "warnings that your credits run low", Purpose.MESSAGES
    RECEIPT = "receipts after a purchase, which are in Billing, too", Purpose.MESSAGES
    MONEY = "that a payment you ordered was not made, or money is owed", Purpose.ACCOUNT
    CONFIRMATION = "a link that you asked for, such as to a new address", Purpose.ACCOUNT
    SECURITY = "what endangers your account or your data", Purpose.LIMITS
    DOCUMENTS = "changes of the policy and the terms", Purpose.LAW
    RIGHTS = "answers to what you ask about your data, and its deletion", Purpose.LAW

    def __init__(self, words: str, purpose: Purpose) -> None:
        self.words = words
        self.purpose = purpose

    @property
    def needed(self) -> bool:
        """Whether it is sent to those who restrict our messages, too."""
        return self.purpose is not Purpose.MESSAGES


def wanted(user: User, about: About) -> bool:
    """Return whether somebody gets mail about this: what they need, and what they did not stop."""
    return about.needed or not restrictions.restricted(user, about.purpose)


def send(
    user: User, about: About, *, subject: str, template: str, context: dict[str, Any], to: str = ""
) -> bool:
    """Send a mail to a person's address or the one given; False where it is to be tried again.

    Who has no address, and who restricts messages of this kind, has had it.
    """
    address = to or user.email
    if not address or not wanted(user, about):
        return True
    return send_to(address, subject=subject, template=template, context={**context, "user": user})


def send_to(address: str, *, subject: str, template: str, context: dict[str, Any]) -> bool:
    """Send a mail to an address whose owner need have no account any more, as `send` does."""
    text = render_to_string(template, context)
    try:
        send_mail(subject, text, None, [address])
    except (SMTPException, OSError) as error:
        log.warning("a mail could not be sent: %s", type(error).__name__)
        return False
    return True


def address(name: str, *arguments: Any) -> str:
    """Return the whole address of one of our pages."""
    return f"{settings.PUBLIC_URL}{reverse(name, args=arguments)}"
