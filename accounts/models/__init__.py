"""The rows of people: who they are, where they are signed in, what they do not want."""

from accounts.models.avatars import Avatar
from accounts.models.nabzclan import NabzClanLink
from accounts.models.restrictions import Restriction, RestrictionKind
from accounts.models.sessions import Session
from accounts.models.users import State, User
from accounts.models.visits import LastVisit

__all__ = [
    "Avatar",
    "LastVisit",
    "NabzClanLink",
    "Restriction",
    "RestrictionKind",
    "Session",
    "State",
    "User",
]
