"""The public pages of the status: now, an incident, a month, the feed, and the same as JSON."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from gateway import incidents, own_health, status
from gateway.models import Incident

CACHED = "public, max-age=30"
FEED_LENGTH = 50
UNKNOWN = {
    "status": "bad",
    "headline": "Something is down",
    "problems": ["Our database does not answer."],
}


@require_safe
def show_status(request: HttpRequest) -> HttpResponse:
    """Show how everything does."""
    return _page(request, "gateway/status/status.html")


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Show the part that changes each minute."""
    return _page(request, "gateway/status/live.html")


def _page(request: HttpRequest, template: str) -> HttpResponse:
    try:
        context = {"report": status.report(), "own_stale": own_health.STALE}
    except DatabaseError:
        # The page of all pages that should answer now.
        return render(request, "gateway/status/unknown.html", UNKNOWN, status=503)
    page = render(request, template, context)
    return _shared(request, page)


def _shared(request: HttpRequest, page: HttpResponse) -> HttpResponse:
    """Let a page be kept for others where it was made for nobody in particular."""
    if not request.user.is_authenticated:
        page["Cache-Control"] = CACHED
    return page


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    """Say the same to a machine."""
    try:
        found = JsonResponse(status.report().as_json, json_dumps_params={"indent": 2})
    except DatabaseError:
        return JsonResponse(UNKNOWN, status=503)
    found["Cache-Control"] = CACHED
    found["Access-Control-Allow-Origin"] = "*"
    return found


@require_safe
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one incident with all that was said of it."""
    found = get_object_or_404(Incident.objects.prefetch_related("updates__incident"), pk=pk)
    page = render(request, "gateway/status/incident.html", {"incident": found})
    return _shared(request, page)


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Show the incidents of one month; without one, of this month."""
    begin = _month(request.GET.get("month", ""))
    older = incidents.last_month(begin)
    newer = incidents.next_month(begin)
    context = {
        "begin": begin,
        "incidents": incidents.of_month(begin),
        "older": f"?month={older:%Y-%m}" if older >= incidents.first_month() else "",
        "newer": f"?month={newer:%Y-%m}" if newer <= timezone.now() else "",
    }
    return _shared(request, render(request, "gateway/status/history.html", context))


def _month(text: str) -> datetime:
    if not text:
        now = timezone.now().astimezone(UTC)
        return datetime(now.year, now.month, 1, tzinfo=UTC)
    try:
        begin = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise Http404 from None
    if begin.year not in YEARS:
        raise Http404
    return begin


YEARS = range(2000, 2500)
"""What a month may lie in: Python's own years end, and so would the next month's."""


class IncidentFeed(Feed):  # type: ignore[type-arg]
    """The incidents as an Atom feed; an entry is new again with each update."""

    feed_type = Atom1Feed
    title = "LumyxAI: status"
    subtitle = "What went wrong, what was done, and what is planned."

    def link(self) -> str:
        """Return where the page is."""
        return f"{settings.PUBLIC_URL}{reverse('status')}"

    def feed_url(self) -> str:
        """Return where the feed is."""
        return f"{settings.PUBLIC_URL}{reverse('status_feed')}"

    def items(self) -> list[Incident]:
        """Return the newest incidents."""
        return list(Incident.objects.prefetch_related("updates__incident")[:FEED_LENGTH])

    def item_title(self, item: Incident) -> str:
        """Return what happened."""
        return item.title

    def item_description(self, item: Incident) -> str:
        """Return what was said, the newest first."""
        return "\n\n".join(
            f"{said.title}, {said.at:%-d %B %Y, %H:%M} UTC: {said.text}"
            for said in item.updates.all()
        )

    def item_link(self, item: Incident) -> str:
        """Return where it is told."""
        return f"{settings.PUBLIC_URL}{item.get_absolute_url()}"

    def item_pubdate(self, item: Incident) -> datetime:
        """Return when it began, or was announced."""
        said = [update.at for update in item.updates.all()]
        return min([item.started_at, *said])

    def item_updateddate(self, item: Incident) -> datetime:
        """Return when the last thing was said of it."""
        said = [update.at for update in item.updates.all()]
        return max(said, default=item.started_at)


feed = cache_control(public=True, max_age=60)(require_safe(IncidentFeed()))
