"""How the policy is kept where it leaves that open: the page, from what the code goes by."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.sessions import ANONYMOUS
from gateway.partitions import RETENTION_DAYS
from privacy import data_requests, policies

PROMISED_DAYS = 30
"""Section 4: how long a deletion may take in all."""
ERASURE_DAYS = 1
"""How long the erasure itself may take, once the days of grace are over."""


@dataclass(frozen=True)
class Span:
    """A part of the way from a click to the last copy that is gone."""

    days: int
    begins: int
    words: str
    why: str


@dataclass(frozen=True)
class Term:
    """Something that is kept, for how long, and why so long."""

    what: str
    until: str
    why: str


@dataclass(frozen=True)
class Topic:
    """What the policy says, and what we do about it."""

    title: str
    sentence: str
    terms: list[Term]


def worst_case_days() -> int:
    """Return how many days after the click the last copy of somebody's data is gone."""
    return sum(span.days for span in deletion())


def deletion() -> list[Span]:
    """Return the way of a deletion, step by step."""
    grace, backups = settings.ERASURE_GRACE_DAYS, settings.BACKUP_DAYS
    return [
        Span(
            grace,
            0,
            "To change your mind",
            "Keys stop and sessions end at the click. Signing in again undoes it.",
        ),
        Span(
            ERASURE_DAYS,
            grace,
            "To erase",
            "Every table, Redis, export files and log files; then a search must find nothing.",
        ),
        Span(
            backups,
            grace + ERASURE_DAYS,
            "Until the last backup is gone",
            "Backups are deleted by age. One that is restored has erasures done again.",
        ),
    ]


def topics() -> list[Topic]:
    """Return what the policy leaves open, and how we fill it in."""
    return [
        Topic(
            "While your account is active",
            "We retain your account information for as long as your account is active.",
            [
                Term(
                    "An account that nobody uses",
                    f"{settings.INACTIVE_MONTHS} months",
                    "Then two notices by email, then it is closed as if you had deleted it.",
                ),
                Term(
                    "A sign-in",
                    _hours(settings.SESSION_HOURS),
                    "However much it is used; and it goes with the browser.",
                ),
                Term(
                    "A visit in which nobody signs in",
                    f"{int(ANONYMOUS.total_seconds() // 60)} minutes",
                    "Only pages with a form begin one.",
                ),
            ],
        ),
        Topic(
            "Calls",
            "API request logs are retained for up to 30 days for debugging and abuse prevention"
            " purposes.",
            [
                Term(
                    "The log of a call",
                    f"less than {RETENTION_DAYS} days",
                    "A day of it is dropped whole, two hours before its first call is so old.",
                ),
                Term(
                    "What was said", "not at all", "It passes through memory and is never stored."
                ),
            ],
        ),
        Topic(
            "Books",
            "Billing records are retained as required by applicable financial regulations.",
            [
                Term(
                    "Purchases, refunds and the ledger",
                    f"{settings.BILLING_YEARS} years, from the end of their year",
                    f"By the law of {settings.BILLING_JURISDICTION}, under a random number"
                    " once you are gone.",
                ),
                Term(
                    "Your payments at Stripe",
                    f"{settings.STRIPE_REDACT_DAYS} days after the last one",
                    "Stripe redacts a transaction no earlier. You are deleted there at once.",
                ),
            ],
        ),
        Topic(
            "Your rights",
            "To exercise any of these rights, please contact us at the email address below.",
            [
                Term(
                    "A copy of your data",
                    f"{settings.EXPORT_DAYS} days",
                    "To be fetched after a recent sign-in; then the file is deleted.",
                ),
                Term(
                    "An answer to a request about your data",
                    f"within {data_requests.DUE.days} days",
                    f"An alarm goes off after {data_requests.ALARM.days}.",
                ),
                Term(
                    "A report of a child’s account",
                    f"within {_hours(int(data_requests.CHILD_DUE.total_seconds() // 3_600))}",
                    "An alarm goes off after"
                    f" {_hours(int(data_requests.CHILD_ALARM.total_seconds() // 3_600))}.",
                ),
                Term(
                    "The words of a request",
                    f"{data_requests.WORDS_KEPT.days} days after its end",
                    "That it was made and answered stays, without by whom.",
                ),
            ],
        ),
        Topic(
            "Changes of the policy",
            "We will notify you of material changes through the Service or by email.",
            [
                Term(
                    "Notice of a material change",
                    f"{policies.AHEAD.days} days ahead",
                    "On every page and by email; from its first day on you are asked to accept it.",
                )
            ],
        ),
    ]


def _hours(hours: int) -> str:
    days, left = divmod(hours, 24)
    if left or days < 4:
        return f"{hours} hours"
    return f"{days} days"


@require_safe
def how_we_keep_it(request: HttpRequest) -> HttpResponse:
    """Show what the policy leaves open, and what we do."""
    context = {
        "topics": topics(),
        "spans": deletion(),
        "worst": worst_case_days(),
        "promised": PROMISED_DAYS,
    }
    return render(request, "privacy/how_we_keep_it.html", context)
