"""The scan finds what names a person, wherever and however it was written down."""

import base64
import gzip
import hashlib
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import override_settings

from accounts.models import User
from gateway.models import ApiKey
from privacy import (
    absence,
    absence_elsewhere,
    erasure,
    identifiers,
)
from privacy.absence import Trace
from privacy.identifiers import Identifier
from privacy.models import DataRequest, ErasureState
from tests.customers import Customer
from tests.people import NabzClanProcess
from tests.privacy.leavers import (
    after_grace,
    person_of_everything,
    traces,
)
from tests.processes import Server
from tests.shop import StripeProcess


@pytest.fixture(autouse=True)
def in_their_directories(exports_directory: None) -> None:
    """Exports and tombstones of tests lie in directories of their own."""


@pytest.fixture
def leaver(server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess) -> Customer:
    return person_of_everything(server, nabzclan, stripe)


def test_a_row_that_was_left_keeps_it_from_being_done(leaver: Customer) -> None:
    from djstripe.models import Charge

    named = next(i for i in identifiers.of(leaver.user) if i.kind == "email")
    found = erasure.ask(leaver.user)
    left = Charge.objects.create(
        id="ch_left_behind",
        livemode=False,
        amount=1,
        currency="usd",
        stripe_data={"billing_details": {"email": named.value.upper()}},
    )
    now = after_grace(found)
    assert not erasure.carry_out(str(found.pk), now=now)
    found.refresh_from_db()
    assert found.state == ErasureState.RUNNING
    assert {"place": "djstripe_charge.stripe_data", "kind": "email", "rows": 1} in (
        found.scanned["traces"]
    )
    assert named.value not in json.dumps(found.scanned)
    left.delete()
    assert not erasure.carry_out(str(found.pk), now=now), "an hour has to pass"
    assert erasure.carry_out(str(found.pk), now=now + timedelta(hours=1))


def test_another_person_of_the_same_name_is_no_trace(new_customer: Callable[..., Customer]) -> None:
    leaver, other = new_customer(), new_customer()
    User.objects.filter(pk=leaver.user.pk).update(username="zoe")
    ApiKey.objects.filter(pk=other.key_row.pk).update(name="zoe")
    leaver.user.refresh_from_db()
    found = erasure.ask(leaver.user)
    # Said by nobody who is here: that counts.
    left = DataRequest.objects.create(
        kind="question", words="Ask Zoe, please.", due_at=found.grace_until
    )
    now = after_grace(found)
    assert not erasure.carry_out(str(found.pk), now=now)
    found.refresh_from_db()
    assert [one["place"] for one in found.scanned["traces"]] == ["privacy_datarequest.words"]
    left.delete()
    assert erasure.carry_out(str(found.pk), now=now + timedelta(hours=1)), traces(found)


@pytest.mark.parametrize(
    ("made", "column"),
    [
        ("text", "says jane.doe%40example.com there"),
        ("jsonb", '{"a": [{"b": "JANE.DOE@EXAMPLE.COM"}]}'),
        ("text[]", '{x,"jane.doe@example.com"}'),
        ("bytea", "jane.doe@example.com"),
        ("text", base64.b64encode(b"xy jane.doe@example.com z").decode()),
        ("text", hashlib.sha256(b"jane.doe@example.com").hexdigest()),
        ("text", hashlib.md5(b"jane.doe@example.com").hexdigest()),
        ("text", b"jane.doe@example.com".hex()),
        ("json", json.dumps({"n": "jane.doe@example.com"})),
    ],
)
def test_the_scan_finds_a_name_in_any_column_and_form(
    database: None, made: str, column: str
) -> None:
    named = [Identifier("email", "Jane.Doe@example.com")]
    assert absence.scan(named).traces == []
    with connection.cursor() as cursor:
        # No model knows this table: the database's own catalogue does.
        cursor.execute(f"create table left_over (id int, x {made})")
        try:
            cursor.execute(f"insert into left_over values (1, %s::{made})", [column])
            assert absence.scan(named).traces == [Trace("left_over.x", "email", 1)]
        finally:
            cursor.execute("drop table left_over")


def test_the_scan_looks_through_redis_exports_and_log_files(database: None, tmp_path: Path) -> None:
    named = [Identifier("email", "jane.doe@example.com")]
    with override_settings(APP_LOGS=[f"{tmp_path}/*.log*"], EXPORT_DIR=str(tmp_path / "exports")):
        look_elsewhere(named, tmp_path)


def look_elsewhere(named: list[Identifier], tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("nothing here\n")
    assert absence_elsewhere.scan(named)[1] == []
    with gzip.open(tmp_path / "app.log.1.gz", "wt") as file:
        file.write("x" * 3_000_000 + "Jane.Doe@example.com")
    (tmp_path / "exports").mkdir()
    with zipfile.ZipFile(tmp_path / "exports" / "1.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("profile.json", '{"email": "jane.doe@example.com"}')
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.hset("some:hash", mapping={"jane.doe@example.com": "1"})
        client.set("limit:jane.doe@example.com", "1")
        looked, found = absence_elsewhere.scan(named)
        assert {trace.place.split()[0] for trace in found} == {"redis", "export", "log"}
        assert len(found) == 4
        assert looked["log files"] == 2
        assert absence_elsewhere.forget(named) == 1
        client.delete("some:hash")
    assert len(absence_elsewhere.scan(named)[1]) == 2
