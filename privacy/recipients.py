"""Who receives something of people's data: AI providers as they are enabled, Stripe, NabzClan."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from accounts.data_sets import Recipient
from gateway.models import Provider
from privacy import inventory


@dataclass(frozen=True)
class AiProvider:
    """A provider that calls are forwarded to, and its terms."""

    name: str
    host: str
    retention: str
    trains: bool
    reviewed_on: date | None
    reachable: bool


@dataclass(frozen=True)
class Partner:
    """A company that receives data of the account, and which."""

    name: str
    receives: str
    why: str
    data: list[str]


WORDS = {
    Recipient.STRIPE: (
        "The number of your account here, and what you pay. Your card goes to Stripe alone.",
        "Processes payments.",
    ),
    Recipient.NABZCLAN: (
        "That you sign in here, and our questions about your VIP status.",
        "Says who you are.",
    ),
}


def ai_providers() -> list[AiProvider]:
    """Return the enabled providers and their terms, as staff have them in the catalogue."""
    rows = Provider.objects.filter(enabled=True).order_by("name")
    return [
        AiProvider(
            name=row.name,
            host=urlsplit(row.base_url).hostname or "",
            retention=row.keeps,
            trains=row.trains_on_content,
            reviewed_on=row.terms_reviewed_on,
            reachable=row.unreachable_since is None,
        )
        for row in rows
    ]


def partners() -> list[Partner]:
    """Return who receives data of accounts, with the data sets that the inventory names."""
    return [
        Partner(
            name=str(recipient),
            receives=receives,
            why=why,
            data=[e.title for e in inventory.data_sets() if recipient in e.recipients],
        )
        for recipient, (receives, why) in WORDS.items()
    ]
