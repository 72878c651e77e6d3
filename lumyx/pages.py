"""The public pages and the health checks."""

import logging

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from gateway import snippets
from lumyx import specimens

log = logging.getLogger("lumyx")


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Say what the service is and where its API answers."""
    base = f"{settings.PUBLIC_URL}/api"
    context = {"base": f"{base}/v1", "anthropic_base": base, "samples": snippets.first_call(base)}
    return render(request, "lumyx/landing.html", context)


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


@login_required
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Show staff every component in every state."""
    if not isinstance(request.user, User) or not request.user.is_staff:
        raise Http404
    return render(request, "lumyx/style.html", specimens.context())


def too_often(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer who was stopped by a limit of a form."""
    return render(request, "429.html", status=429)
