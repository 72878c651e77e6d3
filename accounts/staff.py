"""Make people staff."""

import secrets
from collections.abc import Sequence

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import transaction

from accounts import roles, sessions
from accounts.models import User


@transaction.atomic
def make(name: str, *, in_roles: Sequence[str] = (), superuser: bool = False) -> str | None:
    """Make a person staff; return the password of an account that was made for it.

    Somebody known goes on signing in as before. Raises KeyError for a role that there is not.
    """
    for role in in_roles:
        roles.ROLES[role]
    roles.sync()
    user = User.objects.filter(username=name).first()
    password = None
    if user is None:
        user, password = User(username=name), secrets.token_urlsafe(15)
        user.set_password(password)
    user.is_staff = True
    user.is_superuser = user.is_superuser or superuser
    user.save()
    user.groups.add(*Group.objects.filter(name__in=in_roles))
    return password


@transaction.atomic
def reset_second_factor(name: str) -> int:
    """Remove the factors of somebody who lost them, and end their sessions.

    Returns how many factors there were; raises User.DoesNotExist.
    """
    user = User.objects.get(username=name, is_staff=True)
    sessions.end(user)
    return int(Authenticator.objects.filter(user=user).delete()[0])
