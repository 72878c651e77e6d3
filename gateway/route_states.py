"""Every route as it stands this moment: its provider's health, its breaker, and staff's hold."""

from dataclasses import dataclass

from django.utils import timezone

from gateway import breaker_records, provider_health, route_holds
from gateway.breaker_records import Said
from gateway.models import Route, RouteHold

UNKNOWN = provider_health.Now(0, "", "Not probed", "", "")


@dataclass(frozen=True)
class Standing:
    """A route, and whether calls take it."""

    route: Route
    health: provider_health.Now
    said: Said | None
    hold: RouteHold | None
    known: bool = True
    """Whether Redis could be asked."""

    @property
    def on_offer(self) -> bool:
        """Whether calls could take it, if its breaker were closed."""
        route, provider = self.route, self.route.provider
        return (
            route.enabled
            and route.model.enabled
            and provider.enabled
            and not provider.trains_on_content
        )

    @property
    def used(self) -> bool:
        """Whether calls take it now, be it as the last resort."""
        return self.on_offer and self.hold is None

    @property
    def why_off(self) -> str:
        """Return why it is not on offer, or nothing."""
        route, provider = self.route, self.route.provider
        reasons = {
            "route disabled": not route.enabled,
            "model disabled": not route.model.enabled,
            "provider disabled": not provider.enabled,
            "provider trains on content": provider.trains_on_content,
        }
        return ", ".join(why for why, true in reasons.items() if true)

    @property
    def breaker(self) -> tuple[str, str]:
        """Return the state of the breaker in a word or two, and the mood of that."""
        if self.hold is not None:
            return "Held open", "bad"
        if self.said is None:
            return ("Closed", "good") if self.known else ("Unknown", "")
        return ("Half-open", "warn") if self.said.half_open else ("Open", "bad")


def every() -> list[Standing]:
    """Return all routes, by model and by the order in which they are tried."""
    routes = list(
        Route.objects.select_related("model", "provider").order_by("model__name", "position", "pk")
    )
    return _with_states(routes)


def of(route: Route) -> Standing:
    """Return one route as it stands."""
    [found] = _with_states([route])
    return found


def beside(route: Route) -> list[Standing]:
    """Return the other routes of a route's model that calls take."""
    others = Route.objects.filter(model=route.model_id).exclude(pk=route.pk)
    rows = list(others.select_related("model", "provider").order_by("position", "pk"))
    return [standing for standing in _with_states(rows) if standing.used]


def _with_states(routes: list[Route]) -> list[Standing]:
    health = {now.provider: now for now in provider_health.lately(timezone.now())}
    said = breaker_records.said([route.pk for route in routes])
    holds = route_holds.holds()
    return [
        Standing(
            route=route,
            health=health.get(route.provider_id, UNKNOWN),
            said=(said or {}).get(route.pk),
            hold=holds.get(route.pk),
            known=said is not None,
        )
        for route in routes
    ]
