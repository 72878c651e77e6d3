"""Who runs into limits and whose spending leaps; one of them is frozen from here."""

from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from accounts.models import User
from gateway import abuse, refused_addresses
from gateway.refused_addresses import Address
from lumyx.office import doors
from privacy.admin_rows import Rows
from privacy.models import Look


@doors.staff_page("gateway.view_requestlog", "accounts.freeze_user", people=Look.LIST)
def show_abuse(request: HttpRequest) -> HttpResponse:
    """Show the three lists."""
    refused, spikes = abuse.refused(), abuse.spikes()
    context = {"refused": refused, "spikes": spikes, "times": abuse.TIMES, "days": abuse.DAYS}
    context |= {"addresses": _addresses()}
    rows: Rows = [(User, user.pk) for user in abuse.people(refused, spikes)]
    return doors.show(request, "office/operations/abuse.html", "Abuse", context, people=rows)


def _addresses() -> list[Address] | None:
    """Return where calls with unknown keys come from, or None while Redis is away."""
    try:
        return refused_addresses.most()
    except RedisError:
        return None
