"""The address that Prometheus reads, for whoever brings the token of the settings."""

from collections.abc import Iterable

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from gateway import call_counts
from lumyx.metrics import calls, stock

BEARER = "Bearer "


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Tell how the whole service does: all nodes that share its PostgreSQL and Redis."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not _may_read(request.headers.get("Authorization", "")):
        refusal = HttpResponse("A valid token is needed.\n", status=401, content_type="text/plain")
        refusal["WWW-Authenticate"] = "Bearer"
        return refusal
    registry = CollectorRegistry()
    registry.register(Service())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)


def _may_read(authorization: str) -> bool:
    kind, token = authorization[: len(BEARER)], authorization[len(BEARER) :]
    return kind.lower() == BEARER.lower() and constant_time_compare(token, settings.METRICS_TOKEN)


class Service(Collector):
    """Everything that is measured; a part that does not answer leaves out what it knows."""

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance: each registry is read once."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read Redis and PostgreSQL."""
        up = GaugeMetricFamily("lumyx_part_up", "1 where a part answers.", labels=("part",))
        counts = call_counts.read()
        up.add_metric(("redis",), counts is not None)
        if counts is not None:
            yield from calls.families(counts)
            yield from stock.waiting_tasks()
        answers = True
        try:
            for part in stock.PARTS:
                yield from part()
        except DatabaseError:
            answers = False
        up.add_metric(("postgresql",), answers)
        yield up
