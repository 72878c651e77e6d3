"""Keys, VIP levels, the catalogue with its prices, the request log, uptime, and jobs."""

from gateway.models.catalogue import (
    Capability,
    Dialect,
    Model,
    Provider,
    ProviderCheck,
    Route,
)
from gateway.models.daily_use import DailyUse
from gateway.models.holds import RouteHold
from gateway.models.hourly_use import HourlyUse
from gateway.models.incidents import (
    Affected,
    Impact,
    Incident,
    IncidentState,
    IncidentUpdate,
)
from gateway.models.jobs import JobRun
from gateway.models.keys import ApiKey, KeyKind, Scope
from gateway.models.prices import ModelPrice
from gateway.models.request_log import ChargeBasis, RequestLog
from gateway.models.site_notices import Level, SiteNotice
from gateway.models.uptime import Part, UptimeSpell
from gateway.models.vip import VipLevel

__all__ = [
    "Affected",
    "ApiKey",
    "Capability",
    "ChargeBasis",
    "DailyUse",
    "Dialect",
    "HourlyUse",
    "Impact",
    "Incident",
    "IncidentState",
    "IncidentUpdate",
    "JobRun",
    "KeyKind",
    "Level",
    "Model",
    "ModelPrice",
    "Part",
    "Provider",
    "ProviderCheck",
    "RequestLog",
    "Route",
    "RouteHold",
    "Scope",
    "SiteNotice",
    "UptimeSpell",
    "VipLevel",
]
