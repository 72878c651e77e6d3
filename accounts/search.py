"""People as staff look for them: by who they are at NabzClan, their name or their address."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import User

LEAST = 3
"""How many characters the beginning of a name has at the least; shorter ones are whole names."""


def find(text: str, *, limit: int) -> list[tuple[User, str]]:
    """Return people and by what of them they were found: whole names first, then beginnings."""
    found = [(user, _by(user, text)) for user in _whole(text)[:limit]]
    if len(text) >= LEAST and len(found) < limit:
        known = {user.pk for user, _ in found}
        others = _beginning(text).exclude(pk__in=known).order_by("username")
        found += [(user, _by(user, text)) for user in others[: limit - len(found)]]
    return found


def _whole(text: str) -> QuerySet[User]:
    try:
        number = Q(pk=UUID(text))
    except ValueError:
        number = Q()
    whole = Q(nabzclan_id=text) | Q(lower=text.lower()) | Q(email__iexact=text) | number
    # The name in the form in which an index holds it.
    return User.objects.alias(lower=Lower("username")).filter(whole)


def _beginning(text: str) -> QuerySet[User]:
    return User.objects.filter(
        Q(nabzclan_id__startswith=text) | Q(username__istartswith=text) | Q(email__istartswith=text)
    )


def _by(user: User, text: str) -> str:
    low = text.lower()
    names = {"username": user.username, "NabzClan id": user.nabzclan_id or "", "email": user.email}
    for name, value in names.items():
        if value.lower() == low:
            return name
    for name, value in names.items():
        if value.lower().startswith(low):
            return f"beginning of the {name}"
    return "account id"
