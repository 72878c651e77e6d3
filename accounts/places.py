"""The country of an IP address, approximate and looked up without asking anybody."""

from functools import cache, lru_cache

import maxminddb
from django.conf import settings

UNKNOWN = ""


@cache
def _database() -> maxminddb.Reader:
    return maxminddb.open_database(settings.COUNTRY_DATABASE, maxminddb.MODE_AUTO)


@lru_cache(maxsize=16_384)
def country(ip: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of the address's country; empty where unknown."""
    try:
        found = _database().get(ip)
    except ValueError:
        return UNKNOWN
    if not isinstance(found, dict):
        return UNKNOWN
    code = found.get("country_code", UNKNOWN)
    return code if isinstance(code, str) and len(code) == 2 else UNKNOWN
