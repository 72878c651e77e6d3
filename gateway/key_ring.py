"""Who calls: the keys that one web process has seen of late, and what they may do."""

import hashlib
import hmac
import logging
import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from django.conf import settings
from psycopg.rows import dict_row

from billing.batches import Batcher
from billing.postgres import Pool
from gateway import networks
from gateway.keys import well_formed
from gateway.networks import Network

log = logging.getLogger("lumyx.gateway")

FRESH_SECONDS = 5.0
FRESH_SECONDS_UNHEARD = 0.8
"""How long a look-up counts while no invalidation can be heard: revoked is refused in 1 s."""
MOST_CACHED = 20_000

BASE_MINUTE_LIMIT = 60
BASE_DAY_LIMIT = 1_000
"""What a key has where neither it nor its owner's VIP level says otherwise."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: the key (its UUID in hexadecimal), its owner's account and its limits.

    Spend limits are micro-credits. No models and no networks mean all of them. The price is
    in per cent of the list price. `previous_until` is when the text before the last rotation
    stops, if it has not yet. `log_days` is how long its calls stay in the request log.
    """

    key_id: str
    name: str
    prefix: str
    last4: str
    account: int
    minute_limit: int
    day_limit: int
    token_limit: int | None
    concurrency_limit: int | None
    day_spend: int | None
    month_spend: int | None
    total_spend: int | None
    scopes: frozenset[str]
    models: frozenset[str]
    networks: tuple[Network, ...]
    created_at: datetime
    expires_at: datetime | None
    previous_until: datetime | None
    price_percent: int
    vip_level: int
    log_days: int
    frozen: bool = False
    watch_below: int = 0
    """The balance below which somebody is to be told or topped up, in micro-credits."""

    def may(self, scope: str) -> bool:
        """Return whether the key was made for this."""
        return scope in self.scopes

    def reaches(self, model: str) -> bool:
        """Return whether the key may call a model."""
        return not self.models or model in self.models

    def comes_from(self, ip: str) -> bool:
        """Return whether the key may be used from an address, given in its usual form."""
        return not self.networks or networks.within(ip, self.networks)


# `ends_in` is by PostgreSQL's clock, so that a process whose own is wrong stops keys in time.
FIND = f"""
with matched as (
  select id, digest, expires_at as ends_at
  from gateway_apikey where digest = any(%(digests)s)
  union all
  select id, previous_digest, least(expires_at, previous_until)
  from gateway_apikey where previous_digest = any(%(digests)s)
)
select m.digest,
       extract(epoch from m.ends_at - now())::float8 as ends_in,
       replace(k.id::text, '-', '') as key_id, k.name, k.prefix, k.last4, a.id as account,
       coalesce(k.minute_limit, v.minute_limit, {BASE_MINUTE_LIMIT}) as minute_limit,
       coalesce(k.day_limit, v.day_limit, {BASE_DAY_LIMIT}) as day_limit,
       k.token_limit, k.concurrency_limit, k.day_spend, k.month_spend, k.total_spend,
       k.scopes, k.allowed_models as models, k.allowed_networks as networks,
       k.created_at, k.expires_at, k.log_days,
       case when k.previous_until > now() then k.previous_until end as previous_until,
       coalesce(v.price_percent, 100) as price_percent, vip.level as vip_level,
       u.state = 'frozen' or a.frozen as frozen,
       greatest(t.threshold, l.threshold, 0) as watch_below
from matched m
join gateway_apikey k on k.id = m.id
join accounts_user u on u.id = k.user_id
join billing_account a on a.user_id = u.id
cross join lateral (
  select case when coalesce(u.vip_expires_at > now(), true) then u.vip_level else 0 end as level
) vip
left join billing_autotopup t on t.account_id = a.id and t.enabled
left join billing_lowbalancealert l on l.account_id = a.id and l.told_at is null
left join lateral (
  select minute_limit, day_limit, price_percent from gateway_viplevel
  where level <= vip.level order by level desc limit 1
) v on true
where k.revoked_at is null and u.is_active and u.state <> 'closing'
  and coalesce(m.ends_at > now(), true)
"""  # noqa: S608  the limits are our own


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What a look-up found, and when; the seconds are those of `time.monotonic`."""

    caller: Caller | None
    found_at: float
    ends_at: float


class KeyRing:
    """The keys that this process has seen of late, and whom they belong to.

    `heard` tells whether invalidation messages arrive: without them an entry ages faster.
    """

    def __init__(self, pool: Pool, *, heard: Callable[[], bool]) -> None:
        self._pool = pool
        self._heard = heard
        self._peppers = [pepper.encode() for pepper in settings.KEY_PEPPERS.values()]
        self._entries: dict[bytes, Entry] = {}
        self._generation = 0
        self._finding: Batcher[list[bytes], Entry] = Batcher(
            self._find, along=lambda digests, error: isinstance(error, psycopg.OperationalError)
        )

    async def authenticate(self, text: str) -> Caller | None:
        """Return who calls with this key, or None where it is not in force."""
        encoded = text.encode("utf-8", "replace")
        # In memory a key goes by a digest that is quicker than the keyed ones in the table.
        name = hashlib.sha256(encoded).digest()
        entry = self._entries.get(name)
        if entry is not None and self._counts(entry):
            return entry.caller
        if not well_formed(text):
            return None
        digests = [hmac.digest(pepper, encoded, "sha256") for pepper in self._peppers]
        return await self._look_up(name, digests)

    async def in_playground(self, digest: bytes) -> Caller | None:
        """Return who calls with the playground's key of this digest, or None as above."""
        entry = self._entries.get(digest)
        if entry is not None and self._counts(entry):
            return entry.caller
        return await self._look_up(digest, [digest])

    def _counts(self, entry: Entry) -> bool:
        fresh = FRESH_SECONDS if self._heard() else FRESH_SECONDS_UNHEARD
        now = time.monotonic()
        return now - entry.found_at < fresh and now < entry.ends_at

    async def _look_up(self, name: bytes, digests: list[bytes]) -> Caller | None:
        generation = self._generation
        entry = await self._finding.submit(digests)
        if generation == self._generation:
            if len(self._entries) >= MOST_CACHED:
                self._entries.clear()
            self._entries[name] = entry
        return entry.caller

    def forget(self, key_id: str | None = None) -> None:
        """Forget one key, and every text that was not a key; without an id forget all."""
        self._generation += 1
        if key_id is None:
            self._entries.clear()
            return
        stale = [
            digest
            for digest, entry in self._entries.items()
            if entry.caller is None or entry.caller.key_id == key_id
        ]
        for digest_ in stale:
            del self._entries[digest_]

    async def _find(self, wanted: Sequence[list[bytes]]) -> list[Entry]:
        every = [digest for digests in wanted for digest in digests]
        asked_at = time.monotonic()
        async with self._pool.connection() as pg, pg.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(FIND, {"digests": every})
            found = {bytes(row.pop("digest")): row for row in await cursor.fetchall()}
        entries = {digest: _entry(row, asked_at) for digest, row in found.items()}
        nothing = Entry(None, asked_at, math.inf)
        return [next((entries[d] for d in digests if d in entries), nothing) for digests in wanted]


def _entry(row: dict[str, Any], asked_at: float) -> Entry:
    ends_in: float | None = row.pop("ends_in")
    ends_at = math.inf if ends_in is None else asked_at + ends_in
    try:
        allowed = tuple(networks.parse(text) for text in row.pop("networks"))
    except ValueError:
        # Dropping the entry could open the key to everybody.
        log.error("alarm: key %s lists a network that is none and is refused", row["key_id"])
        return Entry(None, asked_at, math.inf)
    scopes, models = frozenset(row.pop("scopes")), frozenset(row.pop("models"))
    return Entry(Caller(**row, scopes=scopes, models=models, networks=allowed), asked_at, ends_at)
