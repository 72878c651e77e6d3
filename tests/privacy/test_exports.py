"""Everybody can have a copy of all that is held about them, and of nothing about anybody else."""

import csv
import hashlib
import io
import json
import os
import signal
import time
import zipfile
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from accounts.models import NabzClanLink, Session, User
from gateway.models import ApiKey
from privacy import archive, erasure, exports, identifiers, inventory
from privacy.models import Export, ExportState
from tests.accounts.people import new_member
from tests.customers import Customer, make_customer
from tests.people import Browser, NabzClanProcess
from tests.privacy.leavers import AT_A_DELETION, person_of_everything
from tests.processes import Server
from tests.shop import StripeProcess, bought, settle_events


@pytest.fixture(autouse=True)
def in_its_directory(exports_directory: Path) -> None:
    """Exports of tests lie in a directory of their own."""


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


def made(user: User) -> Export:
    """Make an export here and now."""
    export = exports.ask(user)
    assert exports.build(str(export.pk))
    export.refresh_from_db()
    assert export.state == ExportState.READY
    return export


def opened(export: Export) -> dict[str, bytes]:
    with zipfile.ZipFile(export.path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_copy_holds_every_classified_cell_and_no_secret(
    server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess
) -> None:
    customer = person_of_everything(server, nabzclan, stripe)
    other = person_of_everything(server, nabzclan, stripe)
    erasure.ask(other.user)
    files = opened(made(customer.user))
    manifest = json.loads(files["manifest.json"])
    assert manifest["version"] == archive.VERSION
    assert [part["name"] for part in manifest["data_sets"]] == [
        entry.name for entry in inventory.data_sets()
    ]
    for entry, part in zip(inventory.data_sets(), manifest["data_sets"], strict=True):
        if entry.name == "exports":
            continue  # its own row went on while it was made
        rows = list(entry.of(customer.user).order_by("pk").values(*entry.columns))
        said = json.loads(files[f"{entry.name}.json"])["rows"]
        assert said == moved_on(json.loads(json.dumps(rows, cls=archive.Encoder)), said), entry.name
        head, *lines = csv.reader(io.StringIO(files[f"{entry.name}.csv"].decode()))
        assert tuple(head) == entry.columns
        assert len(lines) == len(rows) == part["rows"]
        assert part["purposes"]
        for told in part["files"]:
            data = files[told["file"]]
            assert told["bytes"] == len(data)
            assert told["sha256"] == hashlib.sha256(data).hexdigest()
    empty = {part["name"] for part in manifest["data_sets"] if not part["rows"]}
    assert empty == AT_A_DELETION
    everything = b"\n".join(files.values())
    for one in identifiers.of(other.user):
        if not one.value.isdecimal():
            assert one.value.encode() not in everything, f"the {one.kind} of somebody else"
    key = ApiKey.objects.get(pk=customer.key_row.pk)
    digest = bytes(key.digest)
    for secret in (
        *(customer.key, customer.user.password),
        *(digest.hex(), b64encode(digest).decode()),
    ):
        assert secret.encode() not in everything


def moved_on(rows: list[dict[str, Any]], said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows but for when a key was used last, which is noted seconds after the call."""
    for row, told in zip(rows, said, strict=True):
        if "last_used_at" in row:
            row["last_used_at"] = told["last_used_at"]
    return rows


def test_tokens_and_session_keys_stay_here(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    everything = b"\n".join(opened(made(user)).values())
    link = NabzClanLink.objects.get(user=user)
    session = Session.objects.get(user=user)
    for secret in (link.access_token, session.session_key, session.session_data):
        assert secret
        assert secret.encode() not in everything
    assert user.username.encode() in everything
    assert str(user.nabzclan_id).encode() in everything


def test_nobody_elses_data_is_in_it(
    server: Server, stripe: StripeProcess, customer: Customer
) -> None:
    other = make_customer()
    User.objects.filter(pk=other.user.pk).update(email="canary-other@example.com")
    for person in (customer, other):
        person.chat(server)
        bought(stripe, person.account)
    settle_events()
    everything = b"\n".join(opened(made(customer.user)).values())
    theirs = inventory.data_sets()
    canaries = {
        *("canary-other@example.com", other.user.username, str(other.user.pk)),
        *(str(other.account.public_id), str(other.key_row.pk)),
        *[str(pk) for e in theirs if e.name == "calls" for pk in keys_of(e, other)],
        *[str(pk) for e in theirs if e.name == "stripe-customer" for pk in keys_of(e, other)],
    }
    assert len(canaries) >= 7
    for canary in canaries:
        assert canary.encode() not in everything, canary


def keys_of(entry: Any, person: Customer) -> list[Any]:
    return list(entry.of(person.user).values_list("pk", flat=True))


def test_a_cell_that_a_spreadsheet_would_run_is_quoted(customer: Customer) -> None:
    wild = '=HYPERLINK("http://evil.example","x")'
    ApiKey.objects.filter(pk=customer.key_row.pk).update(name=wild)
    files = opened(made(customer.user))
    assert json.loads(files["keys.json"])["rows"][0]["name"] == wild
    [line] = csv.DictReader(io.StringIO(files["keys.csv"].decode()))
    assert line["name"] == f"'{wild}"
    assert b"<script" not in files["index.html"]
    assert b"=HYPERLINK(&quot;" in files["index.html"]


def test_a_person_makes_and_downloads_it_from_the_page(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    assert "NabzClan" in browser.open("/privacy/centre").text
    page = browser.submit("/privacy/exports")
    assert "Your copy waits for its turn" in page.text
    export = Export.objects.get(user=user)
    assert exports.build(str(export.pk))
    page = browser.open("/privacy/centre")
    assert f"/privacy/exports/{export.pk}" in page.text
    answer = browser.open(f"/privacy/exports/{export.pk}")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert user.username in archive.read("profile.json").decode()


def test_only_its_owner_gets_it_after_a_recent_sign_in_and_until_it_ends(
    server: Server, browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    export = made(user)
    path = f"/privacy/exports/{export.pk}"
    stranger = Browser(server)
    assert urlsplit(stranger.open(path).url).path == "/sign-in"
    new_member(stranger, nabzclan)
    assert stranger.open(path).status_code == 404
    key = browser.cookies["session"]
    session = Session.objects.get(pk=key)
    values = session.get_decoded()
    values["signed_in_at"] -= settings.RECENT_SIGN_IN_MINUTES * 60 + 1
    Session.objects.filter(pk=key).update(session_data=type(session).objects.encode(values))
    assert urlsplit(browser.open(path).url).path == "/sign-in/again"
    values["signed_in_at"] = int(time.time())
    Session.objects.filter(pk=key).update(session_data=type(session).objects.encode(values))
    assert browser.open(path).status_code == 200
    Export.objects.filter(pk=export.pk).update(expires_at=timezone.now())
    assert browser.open(path).status_code == 404


def test_it_ends_after_seven_days_with_its_file(customer: Customer) -> None:
    export = made(customer.user)
    assert export.ready_at is not None
    before = export.ready_at + timedelta(days=7, seconds=-1)
    assert exports.fetch(customer.user, str(export.pk), now=before) is not None
    exports.expire(now=before)
    assert export.path.exists()
    after = export.ready_at + timedelta(days=7)
    assert exports.fetch(customer.user, str(export.pk), now=after) is None
    exports.expire(now=after)
    assert not export.path.exists()
    assert not Export.objects.filter(pk=export.pk).exists()


def test_one_is_under_way_at_a_time_and_a_day_allows_four(customer: Customer) -> None:
    first = exports.ask(customer.user)
    assert exports.ask(customer.user) == first
    for _ in range(exports.MOST_A_DAY - 1):
        assert exports.build(str(exports.ask(customer.user).pk))
    assert exports.build(str(exports.ask(customer.user).pk))
    with pytest.raises(exports.TooMany):
        exports.ask(customer.user)
    tomorrow = timezone.now() + timedelta(days=1)
    assert exports.ask(customer.user, now=tomorrow).state == ExportState.WAITING


@pytest.mark.parametrize("step", ["_count", "1", "4", "7", "render_to_string", "replace"])
def test_a_worker_killed_at_any_step_is_followed_by_another(customer: Customer, step: str) -> None:
    export = exports.ask(customer.user)
    name = str(export.pk)
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            die_at(step)
            exports.build(name)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it was to die"
    export.refresh_from_db()
    assert export.state == ExportState.BUILDING
    assert exports.fetch(customer.user, name) is None
    assert name not in exports.to_make()
    assert not exports.build(name), "its worker may still be alive"
    later = timezone.now() + exports.SILENT + timedelta(seconds=1)
    assert name in exports.to_make(now=later)
    assert exports.build(name, now=later)
    assert opened(export)["manifest.json"]
    for draft in export.path.parent.glob(f"{name}.*.draft"):
        os.utime(draft, (0, 0))
    exports.expire()
    assert not list(export.path.parent.glob(f"{name}.*.draft"))


def die_at(step: str) -> None:
    """Have this process killed when it comes to a step, or to the nth note of its progress."""
    noted = 0
    note = exports._note

    def die(*_: object, **__: object) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    def count(export: Export, **values: object) -> bool:
        nonlocal noted
        noted += 1
        return die() if noted == int(step) else note(export, **values)

    if step.isdecimal():
        exports._note = count
    else:
        place: Any = {"_count": exports, "render_to_string": archive, "replace": Path}[step]
        setattr(place, step, die)


def test_what_cannot_be_made_is_given_up_and_said(customer: Customer) -> None:
    export = exports.ask(customer.user)
    Export.objects.filter(pk=export.pk).update(tries=exports.TRIES)
    assert not exports.build(str(export.pk))
    export.refresh_from_db()
    assert export.state == ExportState.FAILED
    assert exports.ask(customer.user) != export, "another can be asked for"


def test_who_is_erased_meanwhile_leaves_no_file(customer: Customer) -> None:
    export = exports.ask(customer.user)
    taken = exports.claim(str(export.pk))
    assert taken is not None
    Export.objects.filter(pk=export.pk).delete()
    draft = taken.path.with_suffix(".1.draft")
    exports._write(taken, draft, now=timezone.now())
    assert not taken.path.exists()


def test_files_that_no_export_owns_are_swept(customer: Customer) -> None:
    export = made(customer.user)
    Export.objects.filter(pk=export.pk).delete()
    exports.expire()
    assert not export.path.exists()
