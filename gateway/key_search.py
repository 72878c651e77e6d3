"""Keys as staff look for them: by the part that pages show, or by a whole one that turned up."""

import re

from django.conf import settings
from django.db.models import Q

from gateway import keys
from gateway.models import ApiKey

FOUND_MOST = 20
SHOWN = re.compile(r"(?P<prefix>lx-[0-9A-Za-z]{4})?(?:(?:…|\.{2,3})(?P<last4>[0-9A-Za-z]{4}))?")
WHOLE = re.compile(rf"(?<![0-9A-Za-z])lx-[0-9A-Za-z]{{{keys.LENGTH - len(keys.PREFIX)}}}(?!\w)")
MAYBE_SECRET = re.compile(r"lx-[0-9A-Za-z]{5,}")


def maybe_secret(text: str) -> bool:
    """Return whether a text may hold more of a key than pages show, so that none may show it."""
    return MAYBE_SECRET.search(text) is not None


def is_whole(text: str) -> bool:
    """Return whether a text holds what has the form of a whole key."""
    return WHOLE.search(text) is not None


def whole(text: str) -> ApiKey | None:
    """Return the row of a key that a text holds as a whole, in force or not, or None.

    The row is found by the key's digest; the text itself goes nowhere.
    """
    found = WHOLE.search(text)
    if found is None or not keys.well_formed(found[0]):
        return None
    digests = [keys.digest(found[0], pepper=pepper) for pepper in settings.KEY_PEPPERS.values()]
    rows = ApiKey.objects.filter(Q(digest__in=digests) | Q(previous_digest__in=digests))
    return rows.select_related("user").first()


def shown_as(text: str) -> list[ApiKey]:
    """Return the keys that pages show as this: `lx-AbCd…wxyz`, or either end of it."""
    found = SHOWN.fullmatch(text)
    parts = {name: part for name, part in (found.groupdict() if found else {}).items() if part}
    if not parts:
        return []
    return list(ApiKey.objects.filter(**parts).select_related("user")[:FOUND_MOST])
