"""Which prices count when: the one reading that calls, `GET models` and the site go by."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from gateway.models import ModelPrice
from gateway.pricing import Prices

ON_OFFER = """
gateway_model m
join gateway_route r on r.model_id = m.id and r.enabled
join gateway_provider p on p.id = r.provider_id and p.enabled and not p.trains_on_content
"""
"""The models that can be called once they have a price, each with the ways to it."""

# A call's prices are those of the moment it came in, and its body may take an hour to follow: so
# what was in force two hours ago is read along. It also leaves what is charged to the process's
# own clock, however far PostgreSQL's is from that.
VERSIONS = """
cross join lateral (
  select array_agg(v.starts_at order by v.starts_at desc) as starts,
         array_agg(array[v.input_price, v.cache_read_price, v.cache_write_price, v.output_price]
                   order by v.starts_at desc) as prices
  from gateway_modelprice v
  where v.model_id = m.id and v.starts_at >= coalesce(
    (select max(o.starts_at) from gateway_modelprice o
     where o.model_id = m.id and o.starts_at <= now() - interval '2 hours'), '-infinity')
) versions
"""
"""Joins to a model `m` its versions that still matter and those to come, the newest first."""


LEAD = timedelta(seconds=10)
"""Twice as long as a process may go on with what it last read of the catalogue."""


class Version(NamedTuple):
    """Prices from a moment on (UTC)."""

    starts_at: datetime
    prices: Prices


class NotPriced(LookupError):
    """A model had no prices yet at the moment that was asked for."""


def assemble(starts: Sequence[datetime], prices: Sequence[Sequence[int]]) -> tuple[Version, ...]:
    """Return the columns of VERSIONS as versions."""
    return tuple(
        Version(moment, Prices(*four)) for moment, four in zip(starts, prices, strict=True)
    )


def in_force(versions: Sequence[Version], at: datetime) -> Prices:
    """Return the prices at a moment, of versions with the newest first; raises NotPriced."""
    for version in versions:
        if version.starts_at <= at:
            return version.prices
    raise NotPriced


def coming(versions: Sequence[Version], at: datetime) -> Version | None:
    """Return the version that starts next after a moment, of versions with the newest first."""
    later = [version for version in versions if version.starts_at > at]
    return later[-1] if later else None


def soonest(model_id: int | None) -> datetime:
    """Return when prices that are set now start (UTC): soon, so that every process knows of them.

    Where the model has none in force, nobody can be charged the old ones, and it is at once.
    """
    now = timezone.now()
    if model_id is None or not ModelPrice.objects.in_force(now).filter(model=model_id).exists():
        return now
    return now + LEAD


def add(model_id: int, prices: Prices, *, starts_at: datetime, note: str = "") -> ModelPrice:
    """Give a model prices from a moment on (UTC); whoever calls announces the catalogue."""
    return ModelPrice.objects.create(
        model_id=model_id,
        starts_at=starts_at,
        input_price=prices.input,
        cache_read_price=prices.cache_read,
        cache_write_price=prices.cache_write,
        output_price=prices.output,
        note=note,
    )
