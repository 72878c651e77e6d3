"""Fill in what pages leave open: addresses, models on offer, and figures that the code goes by."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import OperationalError

from gateway import charges, key_ring, keys, public_prices
from gateway.models.keys import DAY_LIMIT_MOST, LOG_DAYS_MOST, MINUTE_LIMIT_MOST
from gateway.order import LONGEST_IDEMPOTENCY_KEY
from gateway.partitions import RETENTION_DAYS
from gateway.public_prices import Listing
from gateway.wire.chat.request import EFFORTS
from gateway.wire.embeddings import MOST_INPUTS
from lumyx.docs import error_codes

PLACE = re.compile(r"\{\{ (\w+) \}\}")
USUAL = "lumyx-plus_v1"
"""The model that samples name wherever it can do what they show."""
MIB = 1_048_576


@dataclass(frozen=True)
class Values:
    """What samples call: the site's address, and a model on offer for each thing that is shown."""

    url: str
    model: str = USUAL
    tools_model: str = USUAL
    vision_model: str = USUAL
    documents_model: str = USUAL
    schema_model: str = USUAL
    reasoning_model: str = "lumyx-reason_v1"
    embedding_model: str = "lumyx-embed_v1"

    @property
    def base(self) -> str:
        """Return the base that ends in `/api`."""
        return f"{self.url}/api"


def current() -> Values:
    """Return the values of this site as it is now."""
    listed = _listed()

    def able(capability: str, default: str = USUAL) -> str:
        return _named(listed, capability, default)

    return Values(
        url=settings.PUBLIC_URL,
        model=able("chat"),
        tools_model=able("tools"),
        vision_model=able("vision"),
        documents_model=able("documents"),
        schema_model=able("structured_output"),
        reasoning_model=able("reasoning", "lumyx-reason_v1"),
        embedding_model=able("embeddings", "lumyx-embed_v1"),
    )


def _listed() -> list[Listing]:
    """Return the models on offer; none while the database is away, when people read on."""
    try:
        return public_prices.listed()
    except OperationalError:
        return []


def _named(listed: list[Listing], capability: str, default: str) -> str:
    names = [listing.name for listing in listed if capability in listing.capabilities]
    return default if default in names or not names else names[0]


def fill(text: str, values: Values) -> str:
    """Return a text with every `{{ place }}` filled in; raises KeyError for an unknown one."""

    def found(match: re.Match[str]) -> str:
        name = match[1]
        return GENERATED[name]() if name in GENERATED else str(getattr(values, name))

    return PLACE.sub(found, text)


def _charge_matrix() -> str:
    rows = [f"| {row.ending} | {row.pays} | `{row.basis.value}` |" for row in charges.MATRIX]
    return "\n".join(["| How it ended | You pay | `charge_basis` |", "|---|---|---|", *rows])


def _whole(number: int) -> str:
    return f"{number:,}"


GENERATED: dict[str, Callable[[], str]] = {
    "charge_matrix": _charge_matrix,
    "error_codes": error_codes.table,
    "statuses": error_codes.statuses,
    "efforts": lambda: ", ".join(f"`{effort}`" for effort in reversed(EFFORTS)),
    "body_mib": lambda: _whole(settings.MAX_BODY_BYTES // MIB),
    "keep_alive_seconds": lambda: _whole(settings.KEEP_ALIVE_SECONDS),
    "stall_seconds": lambda: _whole(settings.CLIENT_STALL_SECONDS),
    "minute_limit": lambda: _whole(key_ring.BASE_MINUTE_LIMIT),
    "day_limit": lambda: _whole(key_ring.BASE_DAY_LIMIT),
    "minute_limit_most": lambda: _whole(MINUTE_LIMIT_MOST),
    "day_limit_most": lambda: _whole(DAY_LIMIT_MOST),
    "log_days_most": lambda: _whole(LOG_DAYS_MOST),
    "retention_days": lambda: _whole(RETENTION_DAYS),
    "overlap_days": lambda: _whole(keys.OVERLAP_MOST.days),
    "key_length": lambda: _whole(keys.LENGTH),
    "idempotency_length": lambda: _whole(LONGEST_IDEMPOTENCY_KEY),
    "inputs_most": lambda: _whole(MOST_INPUTS),
    "grace_days": lambda: _whole(settings.ERASURE_GRACE_DAYS),
    "backup_days": lambda: _whole(settings.BACKUP_DAYS),
    "recent_minutes": lambda: _whole(settings.RECENT_SIGN_IN_MINUTES),
}
