"""Whose money a row is about, as a link to their page in the back office."""

from django.urls import reverse
from django.utils.html import format_html

from accounts.models import User
from billing.models import Account


def name(account: Account) -> str:
    """Return the name of an account's owner."""
    return account.user.username if account.user else "somebody who was erased"


def link(user: User | None) -> str:
    """Return a link to a customer's page."""
    if user is None:
        return "erased"
    return format_html('<a href="{}">{}</a>', reverse("office:customer", args=[user.pk]), user)
