"""Staff who have passed the second factor, for tests of what lies behind it."""

import time
import uuid
from collections.abc import Sequence

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from accounts import second_factor, staff
from accounts.models import User
from privacy import reasons

REASON = "a test of the admin"


def make_staff(*in_roles: str, superuser: bool = False) -> tuple[User, str]:
    """Make a local member of staff; return them and their password."""
    name = f"staff-{uuid.uuid4().hex[:8]}"
    password = staff.make(name, in_roles=in_roles, superuser=superuser)
    assert password is not None
    return User.objects.get(username=name), password


def enrol(user: User) -> str:
    """Give somebody a TOTP factor, and return its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def staff_client(in_roles: Sequence[str] = (), *, superuser: bool = False) -> Client:
    """Return a client of a member of staff: second factor shown just now, and a reason given."""
    user, _ = make_staff(*in_roles, superuser=superuser)
    enrol(user)
    assert Authenticator.objects.filter(user=user).exists()
    client = Client()
    client.force_login(user)
    session = client.session
    session[second_factor.SHOWN_AT] = time.time()
    reasons.give(session, REASON)
    session.save()
    return client
