"""Ask providers now and then whether they are there, apart from any call."""

import logging
import time
from datetime import timedelta

import requests
from django.utils import timezone

from accounts import locks, outbound
from gateway import invalidation
from gateway.models import Dialect, Provider, ProviderCheck
from gateway.wire.messages.provider import VERSION

log = logging.getLogger("lumyx.gateway")

CONNECT_SECONDS, READ_SECONDS = 5, 10
KEPT = timedelta(days=30)
FAILURES_IN_A_ROW = 2
"""After which a provider is taken for unreachable."""
WITHOUT_A_LIST = {404, 405}
"""What a provider answers that is there, and has no list of models."""


def probe_all() -> int:
    """Probe each provider that is enabled and return how many were; 0 while another run is on."""
    with locks.alone(locks.PROBES) as mine:
        if not mine:
            return 0
        providers = list(Provider.objects.filter(enabled=True))
        for provider in providers:
            note(provider, probe(provider))
        ProviderCheck.objects.filter(checked_at__lt=timezone.now() - KEPT).delete()
    return len(providers)


def probe(provider: Provider) -> ProviderCheck:
    """Ask a provider for its list of models, which costs nothing; return what was found."""
    begun = time.monotonic()
    status: int | None = None
    try:
        outbound.check_name(outbound.check_url(provider.base_url))
        with requests.get(
            f"{provider.base_url.rstrip('/')}/models",
            headers=_headers(provider),
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as answer:
            status = answer.status_code
        reason = _reason(status)
    except outbound.Refused:
        reason = "address_refused"
    except requests.Timeout:
        reason = "timeout"
    except requests.RequestException:
        reason = "unreachable"
    return ProviderCheck(
        provider=provider,
        reachable=not reason,
        status=status,
        latency_ms=None if status is None else int((time.monotonic() - begun) * 1_000),
        reason=reason,
    )


def _headers(provider: Provider) -> dict[str, str]:
    if provider.dialect == Dialect.ANTHROPIC:
        return {"x-api-key": provider.key, "anthropic-version": VERSION, "User-Agent": "LumyxAI"}
    return {"Authorization": f"Bearer {provider.key}", "User-Agent": "LumyxAI"}


def _reason(status: int) -> str:
    if status in (401, 403):
        return "key_refused"
    return "" if status < 300 or status in WITHOUT_A_LIST else f"status_{status}"


def note(provider: Provider, check: ProviderCheck) -> None:
    """Keep what a probe found, and tell every process when it changes where calls go."""
    check.save()
    latest = list(provider.checks.values_list("reachable", flat=True)[:FAILURES_IN_A_ROW])
    down = len(latest) == FAILURES_IN_A_ROW and not any(latest)
    if check.reachable and provider.unreachable_since is not None:
        log.warning("provider %s is reachable again", provider.name)
        _mark(provider, None)
    elif down and provider.unreachable_since is None:
        log.error("alarm: provider %s is not reachable: %s", provider.name, check.reason)
        _mark(provider, check.checked_at)


def _mark(provider: Provider, since: object) -> None:
    Provider.objects.filter(pk=provider.pk).update(unreachable_since=since)
    invalidation.publish_catalogue()
