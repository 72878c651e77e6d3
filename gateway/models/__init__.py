"""Keys, the catalogue of models and providers, and the request log."""

from gateway.models.catalogue import Dialect, Model, Provider, Route
from gateway.models.keys import ApiKey
from gateway.models.request_log import ChargeBasis, RequestLog

__all__ = ["ApiKey", "ChargeBasis", "Dialect", "Model", "Provider", "RequestLog", "Route"]
