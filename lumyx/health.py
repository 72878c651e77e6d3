"""Whether the process lives, and whether it should be sent work: for machines, without Django.

Probes come by address, without a cookie, in the midst of trouble: so they pass no middleware,
wait for no thread and no pool, and get their answer in two seconds.
"""

import asyncio
import json

import psycopg
import redis.asyncio
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from django.db import connections

from gateway import draining

PATHS = ("/healthz", "/readyz")
ENGINE_SECONDS = 1.5
"""How long an engine may take to answer."""


class Health:
    """Answers probes; those that come while one is being answered get the same answer."""

    def __init__(self) -> None:
        self._asking: asyncio.Task[dict[str, bool]] | None = None

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Answer one probe."""
        status, said = await self._answer(scope["method"], scope["path"])
        body = json.dumps(said).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            *([(b"allow", b"GET, HEAD")] if status == 405 else []),
        ]
        await send(
            {"type": "http.response.start", "status": status, "headers": headers, "trailers": False}
        )
        shown = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": shown, "more_body": False})

    async def _answer(self, method: str, path: str) -> tuple[int, dict[str, str | bool]]:
        if method not in ("GET", "HEAD"):
            return 405, {"status": "Ask with GET or HEAD."}
        if path == "/healthz":
            return 200, {"status": "ok"}
        return _verdict(await self._engines())

    async def _engines(self) -> dict[str, bool]:
        # One question at a time, or whoever asks often takes all of PostgreSQL's connections.
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(_ask())
        return await asyncio.shield(self._asking)


def _verdict(engines: dict[str, bool]) -> tuple[int, dict[str, str | bool]]:
    """Return the status and what is said: without Redis calls go on, without PostgreSQL none."""
    if draining.begun():
        return 503, {"status": "draining", **engines}
    if not engines["postgresql"]:
        return 503, {"status": "unavailable", **engines}
    return 200, {"status": "ok" if engines["redis"] else "degraded", **engines}


async def _ask() -> dict[str, bool]:
    postgresql, valkey = await asyncio.gather(_postgresql_answers(), _redis_answers())
    return {"postgresql": postgresql, "redis": valkey}


async def _postgresql_answers() -> bool:
    at = connections["default"].settings_dict
    try:
        async with (
            asyncio.timeout(ENGINE_SECONDS),
            await psycopg.AsyncConnection.connect(
                dbname=at["NAME"],
                user=at["USER"],
                password=at["PASSWORD"],
                host=at["HOST"],
                port=at["PORT"],
                autocommit=True,
            ) as connection,
        ):
            await connection.execute("select 1")
    except (psycopg.Error, OSError, TimeoutError):
        return False
    return True


async def _redis_answers() -> bool:
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL)
    try:
        async with asyncio.timeout(ENGINE_SECONDS):
            return bool(await client.ping())
    except (redis.RedisError, OSError, TimeoutError):
        return False
    finally:
        await client.aclose()
