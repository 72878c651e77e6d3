"""The models on offer, as one web process knows them."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from cryptography.fernet import InvalidToken, MultiFernet
from django.conf import settings
from psycopg.rows import dict_row
from psycopg_pool import PoolTimeout

from accounts import outbound
from accounts.ciphers import cipher
from billing.postgres import Pool
from gateway.errors import unavailable, unknown_model
from gateway.price_versions import ON_OFFER, VERSIONS, Version, assemble, in_force
from gateway.pricing import Prices

log = logging.getLogger("lumyx.gateway")

FRESH_SECONDS = 5.0

READ = f"""
select m.id, m.name, m.display_name, m.context_window, m.max_output_tokens, m.capabilities,
       m.created_at, versions.starts, versions.prices,
       p.name as provider, p.base_url, p.encrypted_key, r.upstream_name,
       r.id as route, p.id as provider_id, p.dialect, r.position, r.weight,
       p.connect_seconds, p.first_byte_seconds, p.whole_seconds, p.idle_seconds, p.total_seconds,
       p.most_concurrent, p.unreachable_since is not null as down, h.route_id is not null as held
from {ON_OFFER} {VERSIONS}
left join gateway_routehold h on h.route_id = r.id and (h.until is null or h.until > now())
where m.enabled and versions.starts is not null
order by m.name, r.position, r.id
"""  # noqa: S608  the words are our own


@dataclass(slots=True, frozen=True)
class Path:
    """Where a model is reached: a provider's address, its key and its name for the model.

    Times are seconds: to connect, to the first byte of a stream, to an unstreamed answer, of
    silence within one, and in all.
    """

    provider: str
    base_url: str
    key: str
    upstream_name: str
    route: int
    provider_id: int
    dialect: str
    position: int
    weight: int
    connect: float
    first_byte: float
    whole: float
    idle: float
    total: float
    most_concurrent: int | None
    down: bool

    def __repr__(self) -> str:
        return f"Path({self.provider}/{self.upstream_name})"


@dataclass(slots=True, frozen=True)
class Offer:
    """A model that can be called: its limits, its prices and the ways to it, best first.

    `versions` are its prices over time, the newest first, with those that are still to come: so
    a process goes over to new prices at the very moment they start, whenever it last read.
    """

    id: int
    name: str
    display_name: str
    context_window: int
    max_output_tokens: int
    capabilities: frozenset[str]
    versions: tuple[Version, ...]
    created_at: datetime
    paths: tuple[Path, ...]

    def prices_at(self, moment: datetime) -> Prices:
        """Return the list prices of a call that came in at a moment (UTC); raises NotPriced.

        The moment is by this process's clock, and it is the one that the call's log row shows:
        a row has the new prices exactly if it began at their start or later. Where the clocks of
        two machines differ by some milliseconds, so do the moments at which they go over.
        """
        return in_force(self.versions, moment)

    def priced_at(self, moment: datetime) -> bool:
        """Return whether the model had prices at a moment (UTC); before, it is not on offer."""
        return self.versions[-1].starts_at <= moment


class Catalogue:
    """The models on offer, read again every few seconds and whenever they change.

    While PostgreSQL is away the last reading serves.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._offers: dict[str, Offer] | None = None
        self._read_at = float("-inf")
        self._generation = 0
        self._reading: asyncio.Task[None] | None = None

    async def find(self, name: str, *, at: datetime) -> Offer:
        """Return the model of this name that is on offer at a moment (UTC), or raise the 404."""
        offers = await self._known()
        offer = offers.get(name)
        if offer is None or not offer.priced_at(at):
            raise unknown_model(name)
        return offer

    async def offers(self, *, at: datetime) -> list[Offer]:
        """Return every model that can be called at a moment (UTC), by name."""
        return [offer for offer in (await self._known()).values() if offer.priced_at(at)]

    async def _known(self) -> dict[str, Offer]:
        if time.monotonic() - self._read_at > FRESH_SECONDS and self._reading is None:
            self._reading = asyncio.create_task(self._read())
        if self._offers is None and self._reading is not None:
            await asyncio.wait([self._reading])
        if self._offers is None:
            raise unavailable()
        return self._offers

    def knows(self, name: str) -> bool:
        """Return whether a model of this name was on offer when the catalogue was last read."""
        return self._offers is not None and name in self._offers

    def forget(self) -> None:
        """Have the catalogue read again before the next call is served."""
        self._generation += 1
        self._read_at = float("-inf")
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        started, generation = time.monotonic(), self._generation
        try:
            async with self._pool.connection() as pg, pg.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(READ)
                rows = await cursor.fetchall()
            self._offers = _assemble(rows)
            if generation == self._generation:
                self._read_at = started
        except (psycopg.Error, PoolTimeout):
            log.warning("the catalogue could not be read")
        finally:
            self._reading = None


def _assemble(rows: list[dict[str, Any]]) -> dict[str, Offer]:
    secrets = cipher()
    offers: dict[str, Offer] = {}
    for row in rows:
        # A model whose every route is held stays on offer, and its calls are told to come again.
        ways = () if row["held"] else _ways(row, secrets)
        if not ways and not row["held"]:
            continue
        known = offers.get(row["name"])
        offers[row["name"]] = Offer(
            id=row["id"],
            name=row["name"],
            display_name=row["display_name"],
            context_window=row["context_window"],
            max_output_tokens=row["max_output_tokens"],
            capabilities=frozenset(row["capabilities"]),
            versions=known.versions if known else assemble(row["starts"], row["prices"]),
            created_at=row["created_at"],
            paths=(*known.paths, *ways) if known else ways,
        )
    return offers


def _ways(row: dict[str, Any], secrets: MultiFernet) -> tuple[Path, ...]:
    path = _path(row, secrets)
    return () if path is None else (path,)


def _path(row: dict[str, Any], secrets: MultiFernet) -> Path | None:
    """Return a way to a model, or None, with an alarm, where it must not or cannot be taken."""
    provider, key = row["provider"], row["encrypted_key"]
    try:
        # The connector resolves names through a check of ours, but takes IP addresses as they are.
        outbound.check_url(row["base_url"])
        clear = secrets.decrypt(bytes(key)).decode() if key else ""
    except outbound.Refused:
        log.error("alarm: the address of provider %s is not one to call", provider)
        return None
    except InvalidToken:
        log.error("alarm: the key of provider %s cannot be decrypted", provider)
        return None
    return Path(
        provider=provider,
        base_url=row["base_url"].rstrip("/"),
        key=clear,
        upstream_name=row["upstream_name"],
        route=row["route"],
        provider_id=row["provider_id"],
        dialect=row["dialect"],
        position=row["position"],
        weight=row["weight"],
        connect=row["connect_seconds"] or settings.UPSTREAM_CONNECT_SECONDS,
        first_byte=row["first_byte_seconds"] or settings.UPSTREAM_FIRST_BYTE_SECONDS,
        whole=row["whole_seconds"] or settings.UPSTREAM_WHOLE_SECONDS,
        idle=row["idle_seconds"] or settings.UPSTREAM_IDLE_SECONDS,
        total=row["total_seconds"] or settings.UPSTREAM_TOTAL_SECONDS,
        most_concurrent=row["most_concurrent"],
        down=row["down"],
    )
