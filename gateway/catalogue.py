"""The models on offer, as one web process knows them."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime

import psycopg
from cryptography.fernet import InvalidToken
from psycopg_pool import PoolTimeout

from billing.postgres import Pool
from gateway.errors import unavailable, unknown_model
from gateway.models.catalogue import cipher
from gateway.pricing import Prices

log = logging.getLogger("lumyx.gateway")

FRESH_SECONDS = 5.0

READ = """
select m.name, m.display_name, m.context_window, m.max_output_tokens, m.capabilities,
       m.input_price, m.cache_read_price, m.cache_write_price, m.output_price, m.created_at,
       p.name, p.base_url, p.encrypted_key, r.upstream_name
from gateway_model m
join gateway_route r on r.model_id = m.id and r.enabled
join gateway_provider p on p.id = r.provider_id and p.enabled and not p.trains_on_content
where m.enabled and m.input_price is not null and m.output_price is not null
  and m.cache_read_price is not null and m.cache_write_price is not null
order by m.name, r.position, r.id
"""


@dataclass(slots=True, frozen=True)
class Path:
    """Where a model is reached: a provider's address, its key and its name for the model."""

    provider: str
    base_url: str
    key: str
    upstream_name: str

    def __repr__(self) -> str:
        return f"Path({self.provider}/{self.upstream_name})"


@dataclass(slots=True, frozen=True)
class Offer:
    """A model that can be called: its limits, its prices and the ways to it, best first."""

    name: str
    display_name: str
    context_window: int
    max_output_tokens: int
    capabilities: list[str]
    prices: Prices
    created_at: datetime
    paths: tuple[Path, ...]


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

    async def find(self, name: str) -> Offer:
        """Return the model of this name; raise the API's 404 where there is none."""
        offers = await self.offers()
        offer = offers.get(name)
        if offer is None:
            raise unknown_model(name)
        return offer

    async def offers(self) -> dict[str, Offer]:
        """Return every model that can be called, by name."""
        if time.monotonic() - self._read_at > FRESH_SECONDS and self._reading is None:
            self._reading = asyncio.create_task(self._read())
        if self._offers is None and self._reading is not None:
            await asyncio.wait([self._reading])
        if self._offers is None:
            raise unavailable()
        return self._offers

    def forget(self) -> None:
        """Have the catalogue read again before the next call is served."""
        self._generation += 1
        self._read_at = float("-inf")
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        started, generation = time.monotonic(), self._generation
        try:
            async with self._pool.connection() as pg:
                rows = await (await pg.execute(READ)).fetchall()
            self._offers = _assemble(rows)
            if generation == self._generation:
                self._read_at = started
        except (psycopg.Error, PoolTimeout):
            log.warning("the catalogue could not be read")
        finally:
            self._reading = None


def _assemble(rows: list[tuple[object, ...]]) -> dict[str, Offer]:
    secrets = cipher()
    offers: dict[str, Offer] = {}
    for name, title, window, most, abilities, *prices, created_at, provider, url, key, up in rows:
        try:
            clear = secrets.decrypt(bytes(key)).decode() if key else ""  # type: ignore[call-overload]
        except InvalidToken:
            log.error("alarm: the key of provider %s cannot be decrypted", provider)
            continue
        path = Path(str(provider), str(url).rstrip("/"), clear, str(up))
        known = offers.get(str(name))
        offers[str(name)] = Offer(
            name=str(name),
            display_name=str(title),
            context_window=window,  # type: ignore[arg-type]
            max_output_tokens=most,  # type: ignore[arg-type]
            capabilities=abilities,  # type: ignore[arg-type]
            prices=Prices(*prices),  # type: ignore[arg-type]
            created_at=created_at,  # type: ignore[arg-type]
            paths=(*known.paths, path) if known else (path,),
        )
    return offers
