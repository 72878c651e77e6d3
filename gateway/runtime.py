"""The parts of one web process that live from its start to its end."""

import gc
import logging
from dataclasses import dataclass

import aiohttp
import redis.asyncio
from django.conf import settings

from accounts import clients
from billing.ledger import Ledger
from billing.postgres import Pool, open_pool
from gateway import request_log, upstream
from gateway.admission import Admissions
from gateway.attempts import Attempts
from gateway.call_counts import CallCounts
from gateway.catalogue import Catalogue
from gateway.invalidation import Listener
from gateway.key_ring import KeyRing
from gateway.last_used import LastUsed
from gateway.limits import Limits
from gateway.low_balance import LowBalances
from gateway.proxy import Proxy
from gateway.refused_addresses import RefusedAddresses
from gateway.request_log import RequestLog
from gateway.routing import Routing
from gateway.slots import Slots
from gateway.token_limits import TokenLimits
from gateway.visit import Visit

log = logging.getLogger("lumyx.gateway")


@dataclass(slots=True, frozen=True)
class Runtime:
    """What the API's views work with."""

    pool: Pool
    redis: "redis.asyncio.Redis"
    session: aiohttp.ClientSession
    keys: KeyRing
    limits: Limits
    last_used: LastUsed
    refused_addresses: RefusedAddresses
    catalogue: Catalogue
    ledger: Ledger
    request_log: RequestLog
    listener: Listener
    slots: Slots
    token_limits: TokenLimits
    counts: CallCounts
    proxy: Proxy


_current: Runtime | None = None


def current() -> Runtime:
    """Return the running process's parts."""
    if _current is None:
        raise RuntimeError("The gateway runs under an ASGI server that sends lifespan events.")
    return _current


def count(visit: Visit, *, status: int) -> None:
    """Count a call that ended before anybody else counted it."""
    if _current is not None and not visit.counted:
        _current.counts.note(visit, status=status)


async def start() -> None:
    """Open connections and start listening; engines that are away are waited for later."""
    global _current
    pool = await open_pool()
    client = redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5
    )
    subscriber = redis.asyncio.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1
    )
    session = upstream.open_session()
    ledger = Ledger(pool, record=request_log.INSERT_CHARGED, encode=request_log.encode)
    limits, token_limits, slots = Limits(client), TokenLimits(client), Slots(client)
    catalogue = Catalogue(pool)
    log_writer = RequestLog(pool)
    last_used = LastUsed(pool)
    refused_addresses = RefusedAddresses(client)
    counts = CallCounts(client)
    listening: list[Listener] = []
    keys = KeyRing(pool, heard=lambda: listening[0].alive())
    routing = Routing(lambda *opened: listening[0].announce_route(*opened))
    listener = Listener(
        subscriber,
        forget_key=keys.forget,
        forget_catalogue=catalogue.forget,
        hear_route=routing.heard,
    )
    listening.append(listener)
    listener.start()
    slots.start()
    last_used.start()
    refused_addresses.start()
    counts.start()
    clients.prepare()
    _calm_collector()
    _current = Runtime(
        pool=pool,
        redis=client,
        session=session,
        keys=keys,
        limits=limits,
        last_used=last_used,
        refused_addresses=refused_addresses,
        catalogue=catalogue,
        ledger=ledger,
        request_log=log_writer,
        listener=listener,
        slots=slots,
        token_limits=token_limits,
        counts=counts,
        proxy=Proxy(
            catalogue=catalogue,
            admissions=Admissions(limits=limits, token_limits=token_limits, slots=slots),
            ledger=ledger,
            attempts=Attempts(session=session, routing=routing, slots=slots),
            request_log=log_writer,
            low_balances=LowBalances(),
            counts=counts,
        ),
    )


def _calm_collector() -> None:
    """Keep the garbage collector from walking everything that was loaded at the start."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 100, 100)


async def stop() -> None:
    """Finish every settlement and row that is under way, then close all connections."""
    global _current
    if _current is None:
        return
    runtime, _current = _current, None
    await runtime.ledger.drain()
    await runtime.request_log.drain()
    await runtime.token_limits.drain()
    await runtime.slots.stop()
    await runtime.last_used.stop()
    await runtime.refused_addresses.stop()
    await runtime.counts.stop()
    await runtime.listener.stop()
    await runtime.session.close()
    await runtime.redis.aclose()
    await runtime.pool.close()
