"""The rows of people: who they are, how NabzClan knows them, where they are signed in."""

from accounts.models.avatars import Avatar
from accounts.models.nabzclan import NabzClanLink
from accounts.models.sessions import Session
from accounts.models.users import State, User

__all__ = ["Avatar", "NabzClanLink", "Session", "State", "User"]
