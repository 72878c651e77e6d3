"""Routes that staff hold open: no call takes them until they are closed again.

A hold stands in PostgreSQL and reaches every process with the catalogue, within a second; one
that starts later knows it, too.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.announcements import announce
from accounts.models import User
from gateway import breaker_records, invalidation
from gateway.models import Route, RouteHold


def holds() -> dict[int, RouteHold]:
    """Return the holds that have not ended, by their routes."""
    current = Q(until=None) | Q(until__gt=timezone.now())
    return {hold.pk: hold for hold in RouteHold.objects.filter(current).select_related("by")}


@transaction.atomic
def hold(route: Route, *, minutes: int | None, by: User) -> bool:
    """Have no call take a route for so long, or until it is closed; False where one holds it."""
    Route.objects.select_for_update().get(pk=route.pk)
    if route.pk in holds():
        return False
    now = timezone.now()
    until = None if minutes is None else now + timedelta(minutes=minutes)
    RouteHold.objects.update_or_create(
        route=route, defaults={"since": now, "until": until, "by": by}
    )
    invalidation.publish_catalogue()
    return True


@transaction.atomic
def close(route: Route) -> bool:
    """Let calls take a route again, whoever opened its breaker; False where nobody had."""
    ended = RouteHold.objects.filter(pk=route.pk).delete()[0] > 0
    if ended:
        invalidation.publish_catalogue()
    # What processes found themselves ends, too: the next call tries the route.
    transaction.on_commit(lambda: announce(f"{invalidation.ROUTE} {route.pk} 0"))
    return breaker_records.forget(route.pk) or ended
