"""Keys, what VIP levels give, the catalogue of models and providers, and the request log."""

from gateway.models.catalogue import (
    Capability,
    Dialect,
    Model,
    Provider,
    ProviderCheck,
    Route,
)
from gateway.models.keys import ApiKey, Scope
from gateway.models.request_log import ChargeBasis, RequestLog
from gateway.models.vip import VipLevel

__all__ = [
    "ApiKey",
    "Capability",
    "ChargeBasis",
    "Dialect",
    "Model",
    "Provider",
    "ProviderCheck",
    "RequestLog",
    "Route",
    "Scope",
    "VipLevel",
]
