"""People made up for a check, who are gone when it ends: what they write is rolled back."""

import uuid
from datetime import datetime

import msgspec
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection

from accounts.models import User
from accounts.sessions import SessionStore
from billing import accounts
from gateway import ids
from gateway.models import RequestLog
from gateway.models.request_log import ChargeBasis
from gateway.request_log import Row
from privacy import acceptances, policies

PREFIX = "conformance-"
MODEL = "conformance"


def customer() -> User:
    """Make up a customer who has accepted the documents."""
    user = _make(nabzclan_id=f"{PREFIX}{uuid.uuid4().hex[:12]}")
    acceptances.affirm_age(user)
    acceptances.record(user, policies.all_current())
    return user


def caller(*, now: datetime) -> User:
    """Make up a customer who has called a model that there is not."""
    user = customer()
    account = accounts.open_for(user)
    row = Row(
        id=ids.new(),
        started_at=now,
        account_id=account.pk,
        key_id=str(uuid.uuid4()),
        endpoint="chat/completions",
        model=MODEL,
        charge_basis=ChargeBasis.NOTHING,
        ip="192.0.2.1",
        country="",
        client="",
        system="",
        device="",
    )
    RequestLog.objects.create(**msgspec.structs.asdict(row))
    return user


def staff() -> User:
    """Make up a member of staff without a second factor."""
    return _make(nabzclan_id=None, is_staff=True)


def _make(*, nabzclan_id: str | None, is_staff: bool = False) -> User:
    # Else they would stay.
    assert connection.in_atomic_block
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    user = User(username=name, nabzclan_id=nabzclan_id, is_staff=is_staff)
    user.set_unusable_password()
    user.save()
    return user


def sign_in(user: User) -> str:
    """Begin a session for somebody made up, and return what their cookie would hold."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
