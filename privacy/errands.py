"""The outbox of an erasure: what other companies are asked to delete, until they have done so."""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from accounts import ciphers
from accounts.models import NabzClanLink, User
from accounts.nabzclan import client
from accounts.nabzclan.client import NabzClanDown, TokenRefused
from billing.models import Order, OrderState, StripeCustomer
from billing.stripe_api import MISSING, StripeDown, StripeRefused, api, available, errors_as_ours
from privacy.models import Erasure, Errand, ErrandKind

log = logging.getLogger("lumyx.privacy")

PAUSES = [timedelta(minutes=m) for m in (1, 2, 5, 15, 30, 60, 180, 360)]
ALARM_AFTER = timedelta(days=2)
MOST_AT_ONCE = 100
"""How many errands staff have run again in one go."""


def prepare(erasure: Erasure, user: User) -> None:
    """Write down what is to be asked of whom, within the caller's transaction."""
    wanted: list[tuple[str, str]] = []
    mine = {"account__user": user}
    for order in Order.objects.filter(
        **mine, state=OrderState.OPEN, checkout_session__isnull=False
    ):
        wanted.append((ErrandKind.STRIPE_CHECKOUT, str(order.checkout_session)))
    for customer in StripeCustomer.objects.filter(**mine):
        wanted.append((ErrandKind.STRIPE_CUSTOMER, customer.pk))
    link = NabzClanLink.objects.filter(user=user).first()
    for token in (link.refresh_token, link.access_token) if link is not None else ():
        if token:
            wanted.append((ErrandKind.NABZCLAN_TOKEN, token))
    Errand.objects.bulk_create(
        Errand(erasure=erasure, kind=kind, sealed=ciphers.encrypt(about)) for kind, about in wanted
    )


def run(erasure: Erasure, *, now: datetime | None = None) -> bool:
    """Run the errands that are due; return whether all of them are done."""
    moment = now or timezone.now()
    for errand in erasure.errands.filter(done_at=None, next_at__lte=moment).order_by("pk"):
        problem = _run(errand)
        if not problem:
            Errand.objects.filter(pk=errand.pk).update(done_at=moment, sealed=b"", problem="")
            continue
        pause = PAUSES[min(errand.tries, len(PAUSES) - 1)]
        Errand.objects.filter(pk=errand.pk).update(
            tries=F("tries") + 1, next_at=moment + pause, problem=problem[:60]
        )
        if moment - erasure.grace_until > ALARM_AFTER:
            log.error("alarm: errand %s of erasure %s: %s", errand.pk, erasure.pk, problem)
    return not erasure.errands.filter(done_at=None).exists()


def waiting() -> QuerySet[Errand]:
    """Return the errands that are not done, those that were tried most first."""
    return Errand.objects.filter(done_at=None).select_related("erasure").order_by("-tries", "pk")


def backlog() -> tuple[int, int]:
    """Return how many errands are not done, and how many of them were tried in vain."""
    failing = Count("pk", filter=Q(tries__gt=0))
    found = Errand.objects.filter(done_at=None).aggregate(waiting=Count("pk"), failing=failing)
    return found["waiting"], found["failing"]


def hurry(errands: Collection[int]) -> list[Errand]:
    """Have errands run now whose next try lies ahead, within the caller's transaction."""
    rows = Errand.objects.select_for_update(of=("self",)).select_related("erasure")
    ahead = rows.filter(
        pk__in=list(errands)[:MOST_AT_ONCE], done_at=None, next_at__gt=timezone.now()
    )
    found = list(ahead.order_by("pk"))
    Errand.objects.filter(pk__in=[one.pk for one in found]).update(next_at=timezone.now())
    return found


def _run(errand: Errand) -> str:
    """Ask what an errand is about; return the name of what went wrong, if anything."""
    about = ciphers.decrypt(errand.sealed)
    try:
        ACTS[ErrandKind(errand.kind)](about)
    except (StripeDown, NabzClanDown) as error:
        return str(error) or type(error).__name__
    except (StripeRefused, TokenRefused) as refused:
        return "" if _is_gone(errand, str(refused)) else f"refused: {refused}"
    return ""


def _is_gone(errand: Errand, why: str) -> bool:
    """Return whether a refusal says that there is nothing to be done any more."""
    if errand.kind == ErrandKind.STRIPE_CUSTOMER:
        return why == MISSING
    # A checkout that is over; a token that NabzClan does not know. Not: a wrong secret of ours.
    return errand.kind == ErrandKind.STRIPE_CHECKOUT or why == "status 400"


def _delete_customer(customer: str) -> None:
    if not available():
        raise StripeDown("no key")
    with errors_as_ours():
        api().customers.delete(customer)


def _close_checkout(session: str) -> None:
    if not available():
        raise StripeDown("no key")
    with errors_as_ours():
        api().checkout.sessions.expire(session)


ACTS: dict[ErrandKind, Callable[[str], None]] = {
    ErrandKind.STRIPE_CUSTOMER: _delete_customer,
    ErrandKind.STRIPE_CHECKOUT: _close_checkout,
    ErrandKind.NABZCLAN_TOKEN: client.revoke,
}
