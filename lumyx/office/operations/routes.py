"""Which ways calls take now: staff hold a route open, and close what is open."""

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from billing.admin.read_only import staff_of
from gateway import route_holds, route_states
from gateway.models import Route
from lumyx.office import doors

SPANS = [("10", "10 minutes"), ("60", "1 hour"), ("240", "4 hours"), ("", "Until it is closed")]


class HoldForm(forms.Form):
    """For how long a route is held open."""

    minutes = forms.TypedChoiceField(
        label="For how long",
        choices=SPANS,
        coerce=int,
        empty_value=None,
        required=False,
        initial="10",
        widget=forms.RadioSelect,
    )


@doors.staff_page("gateway.view_route")
def show_routes(request: HttpRequest) -> HttpResponse:
    """Show every route as it stands."""
    return doors.show(request, "office/operations/routes.html", "Circuit breakers", _table())


@doors.staff_page("gateway.view_route")
def show_routes_live(request: HttpRequest) -> HttpResponse:
    """Show the same table anew, for the page that stands open."""
    return TemplateResponse(request, "office/operations/routes_live.html", _table())


def _table() -> dict[str, object]:
    # What is not closed comes first.
    standings = sorted(route_states.every(), key=lambda one: not (one.hold or one.said))
    return {
        "standings": standings,
        "used": sum(one.used for one in standings),
        "held": sum(one.hold is not None for one in standings),
        "opened": sum(one.said is not None for one in standings),
        "known": all(one.known for one in standings),
    }


@doors.staff_page("gateway.view_route", "gateway.change_route", methods=("GET", "HEAD", "POST"))
def hold_route(request: HttpRequest, route_id: int) -> HttpResponse:
    """Say what holding a route open does, and do it."""
    route = _find(route_id)
    form = HoldForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        minutes: int | None = form.cleaned_data["minutes"]
        for_long = "until it is closed" if minutes is None else f"for {minutes} minutes"
        if route_holds.hold(route, minutes=minutes, by=staff_of(request)):
            _log(request, route, f"Held open {for_long}.")
            messages.success(request, f"{route} is held open {for_long}.")
        else:
            messages.info(request, f"{route} is held open already. Nothing was changed.")
        return redirect("office:routes")
    context = {
        "form": form,
        "standing": route_states.of(route),
        "others": route_states.beside(route),
    }
    status = 400 if form.errors else 200
    return doors.show(
        request, "office/operations/hold_route.html", "Hold a route open", context, status=status
    )


@doors.staff_page("gateway.view_route", "gateway.change_route", methods=("GET", "HEAD", "POST"))
def close_route(request: HttpRequest, route_id: int) -> HttpResponse:
    """Say what closing a route's breaker does, and do it."""
    route = _find(route_id)
    if request.method == "POST":
        if route_holds.close(route):
            _log(request, route, "Breaker closed.")
            messages.success(request, f"Calls take {route} again.")
        else:
            messages.info(request, f"{route} was closed already. Nothing was changed.")
        return redirect("office:routes")
    context = {"standing": route_states.of(route)}
    return doors.show(request, "office/operations/close_route.html", "Close a breaker", context)


def _find(route_id: int) -> Route:
    return get_object_or_404(Route.objects.select_related("model", "provider"), pk=route_id)


def _log(request: HttpRequest, route: Route, words: str) -> None:
    LogEntry.objects.log_actions(staff_of(request).pk, [route], CHANGE, words, single_object=True)
