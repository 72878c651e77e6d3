"""Section 5: who receives something, and that nobody else does."""

from datetime import datetime, timedelta
from html import escape
from typing import Any

from django.conf import settings
from django.db.models import F, Q

from accounts.data_sets import Recipient
from gateway.models import Provider
from privacy import inventory
from privacy import recipients as published
from privacy.conformance import card_numbers, scan, site
from privacy.conformance.finding import Clause, Finding, broken, count, kept
from privacy.models import Disclosure, DisclosureState

REVIEWED_WITHIN = timedelta(days=365)
SIGN_IN_ONLY = {"identity", "email", "vip"}
"""What NabzClan may be asked for."""


def receivers(now: datetime) -> Finding:
    """Compare who is switched on with who the public page names."""
    page = site.text_of(site.visit("/privacy/recipients"))
    providers = published.ai_providers()
    hidden = [p.name for p in providers if escape(p.name) not in page or p.host not in page]
    hidden += [str(one) for one in Recipient if one not in page]
    unknown = [
        entry.name for entry in inventory.data_sets() if not set(entry.recipients) <= set(Recipient)
    ]
    if hidden or unknown:
        return broken(
            f"{count(len(hidden), 'recipient')} are not on the public page.",
            details=", ".join([*hidden, *unknown]),
            hidden=len(hidden),
        )
    number = len(providers) + len(Recipient)
    return kept(
        f"All {number} who receive something are on the public page, and nobody buys anything.",
        recipients=number,
    )


def terms(now: datetime) -> Finding:
    """Find enabled providers whose terms were not reviewed within a year."""
    rows = list(Provider.objects.filter(enabled=True).order_by("name"))
    oldest = (now - REVIEWED_WITHIN).date()
    late = [
        row.name for row in rows if row.terms_reviewed_on is None or row.terms_reviewed_on < oldest
    ]
    silent = [row.name for row in rows if row.retention_days is None]
    if late or silent:
        return broken(
            f"The terms of {count(len(late), 'provider')} were not reviewed within a year, and of"
            f" {len(silent)} it is not known how long they keep what they are sent.",
            details=", ".join([*late, *silent]),
            late=len(late),
            retention_unknown=len(silent),
        )
    return kept(
        f"The terms of {count(len(rows), 'provider')} were reviewed within a year.",
        providers=len(rows),
    )


def cards(now: datetime) -> Finding:
    """Look for numbers of payment cards in every text and JSON column."""
    found = scan.look_for(card_numbers.IN_SQL, card_numbers.holds_one)
    figures: dict[str, Any] = {
        "rows": found.rows,
        "tables": found.tables,
        "tables_not_read": found.not_read,
    }
    if found.found_in:
        return broken(
            f"What looks like a card number is in {count(len(found.found_in), 'column')}.",
            details=", ".join(sorted(found.found_in)),
            columns=len(found.found_in),
            **figures,
        )
    return kept(f"No card number was found; {found.said}.", columns=0, **figures)


def nabzclan(now: datetime) -> Finding:
    """See that NabzClan is asked for no more than a sign-in and the VIP status."""
    more = sorted(set(settings.NABZCLAN_SCOPES) - SIGN_IN_ONLY)
    if more:
        return broken(f"NabzClan is asked for more: {', '.join(more)}.", details="NABZCLAN_SCOPES")
    asked = ", ".join(settings.NABZCLAN_SCOPES)
    return kept(f"NabzClan is asked for {asked}, and for nothing else.", scopes=asked)


def disclosures(now: datetime) -> Finding:
    """Find disclosures that no second person decided, or without an authority and a basis."""
    decided = Disclosure.objects.exclude(state=DisclosureState.WAITING)
    alone = decided.filter(Q(decided_by=F("requested_by")) | Q(decided_at=None)).count()
    unclear = Disclosure.objects.filter(Q(authority="") | Q(legal_basis="")).count()
    made = decided.filter(state=DisclosureState.DISCLOSED).count()
    figures: dict[str, Any] = {"decided": decided.count(), "disclosed": made}
    if alone or unclear:
        return broken(
            f"{count(alone, 'disclosure')} that one person decided alone, {unclear} without an"
            " authority or a legal basis.",
            **figures,
        )
    return kept(
        f"{count(figures['decided'], 'demand')} of authorities decided, each by a second person,"
        f" and {made} met; every one has its authority and its legal basis.",
        **figures,
    )


CLAUSES = [
    Clause(
        id="5-recipients",
        section="5",
        sentences=(
            "We do not sell your personal information.",
            "We may share your information with:",
        ),
        check="Every AI provider that is switched on, and every other company that the inventory"
        " names, must be on the public page of recipients.",
        probe=receivers,
    ),
    Clause(
        id="5-providers",
        section="5",
        sentences=(
            "AI Model Providers: Your API inputs are forwarded to third-party AI providers to"
            " generate responses.",
            "These providers process data under their own privacy policies.",
        ),
        check="The terms of every provider that is switched on must have been reviewed within the"
        " last year, and say how long it keeps what it is sent.",
        probe=terms,
    ),
    Clause(
        id="5-cards",
        section="5",
        sentences=(
            "Payment Processors: Stripe processes payment information for credit purchases.",
            "We do not store your full credit card details.",
        ),
        check="Text and JSON columns of every table are searched for numbers of payment cards by"
        " their issuer and check digit; of tables above 20,000 rows another sample each hour.",
        probe=cards,
    ),
    Clause(
        id="5-nabzclan",
        section="5",
        sentences=(
            "NabzClan: We exchange authentication and VIP status data with NabzClan for account"
            " management.",
        ),
        check="What NabzClan is asked for at a sign-in must be no more than who one is, an email"
        " address and the VIP status.",
        probe=nabzclan,
    ),
    Clause(
        id="5-legal",
        section="5",
        sentences=(
            "Legal Requirements: We may disclose information if required by law, regulation, or"
            " legal process.",
        ),
        check="Each disclosure must be in a register, with the authority, the legal basis, what"
        " was given and who approved it.",
        probe=disclosures,
    ),
]
