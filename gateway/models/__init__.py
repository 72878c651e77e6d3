"""Keys, what VIP levels give, the catalogue with its prices, and the request log."""

from gateway.models.catalogue import (
    Capability,
    Dialect,
    Model,
    Provider,
    ProviderCheck,
    Route,
)
from gateway.models.daily_use import DailyUse
from gateway.models.keys import ApiKey, KeyKind, Scope
from gateway.models.prices import ModelPrice
from gateway.models.request_log import ChargeBasis, RequestLog
from gateway.models.vip import VipLevel

__all__ = [
    "ApiKey",
    "Capability",
    "ChargeBasis",
    "DailyUse",
    "Dialect",
    "KeyKind",
    "Model",
    "ModelPrice",
    "Provider",
    "ProviderCheck",
    "RequestLog",
    "Route",
    "Scope",
    "VipLevel",
]
