"""The public pages and the health checks."""

import logging

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gateway.charges import MATRIX

log = logging.getLogger("lumyx")


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Say what the service is and where its API answers."""
    base = f"{settings.PUBLIC_URL}/api"
    return render(request, "lumyx/landing.html", {"base": f"{base}/v1", "anthropic_base": base})


@require_safe
def charges(request: HttpRequest) -> HttpResponse:
    """Publish what a call costs, by how it ended."""
    return render(request, "lumyx/charges.html", {"matrix": MATRIX})


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process runs."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether PostgreSQL and Redis answer; 503 where one does not."""
    parts = {"postgresql": _database_answers(), "redis": _redis_answers()}
    ready = all(parts.values())
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", **parts}, status=200 if ready else 503
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
