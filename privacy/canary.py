"""A customer whom we make up each day, and who uses every right there is.

They are created, call a model, take a copy, correct, restrict and delete themselves, by what
everybody else is served with, and each step is looked at from outside. Nothing of them stays.
"""

import json
import logging
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.utils import timezone

from accounts import corrections, restrictions
from accounts.data_sets import Purpose
from accounts.models import NabzClanLink, RestrictionKind, User
from accounts.nabzclan import members
from accounts.nabzclan.client import Person
from billing import accounts, books, ledger
from billing.models import Account, LedgerEntry, LedgerKind
from gateway import keys
from gateway.models import Model, RequestLog
from privacy import absence, absence_elsewhere, acceptances, erasure, exports, policies, receipts
from privacy.identifiers import Identifier
from privacy.models import CanaryRun, DataRequest, Erasure, ErasureState, ErasureWhy

log = logging.getLogger("lumyx.privacy")

EVERY = timedelta(days=1)
AGAIN = timedelta(hours=1)
KEPT = timedelta(days=90)
PREFIX = "canary-"
NOWHERE = "@canary.invalid"
"""Where no mail can go (RFC 2606), so that nobody else can have confirmed an address there."""
CREDITS = 100_000
"""Micro-credits; they go with the account."""
REFUSED_WITHIN = 5.0
"""Seconds after which a key must be refused everywhere, an unheard announcement included."""
SECONDS = 60


class Broken(Exception):
    """A promise that was found broken; the text is for everybody."""


@dataclass
class Bird:
    """The made-up customer of one run."""

    user: User
    account: Account
    key: str
    words: str
    """What is said to the model, and must be found nowhere."""
    log_rows: int = 0


def due(*, now: datetime | None = None) -> bool:
    """Return whether a run is due: a day after the last one, an hour after one that failed."""
    moment = now or timezone.now()
    last = CanaryRun.objects.order_by("-ran_at").first()
    if last is None:
        return True
    return moment - last.ran_at >= (EVERY if last.passed else AGAIN)


def run(*, now: datetime | None = None) -> CanaryRun:
    """Let a made-up customer live and be erased; return what was found."""
    row = CanaryRun.objects.create(ran_at=now or timezone.now())
    clean_up()
    found: list[dict[str, object]] = []
    bird: Bird | None = None
    try:
        bird = _timed(found, "created", create)
        for name, step in steps().items():
            _timed(found, name, step, bird)
        row.passed = True
        row.said = _in_words(found)
    except Broken as broken:
        row.said = f"A made-up customer: {broken}"
    except Exception as error:
        # Its text may quote what was found.
        row.said = f"A made-up customer could not go on: {type(error).__name__}."
    finally:
        clean_up()
    if not row.passed:
        log.error("alarm: the canary of %s failed: %s", row.ran_at, row.said)
    row.steps, row.ended_at = found, timezone.now()
    row.save()
    return row


def _timed(
    found: list[dict[str, object]], name: str, step: Callable[..., Bird], *given: Bird
) -> Bird:
    begun = time.monotonic()
    entry: dict[str, object] = {"name": name, "passed": False}
    found.append(entry)
    try:
        bird = step(*given)
        entry["passed"] = True
    finally:
        entry["ms"] = round((time.monotonic() - begun) * 1_000)
    return bird


def _in_words(found: list[dict[str, object]]) -> str:
    erased = next(step for step in found if step["name"] == "erased")
    total = sum(int(str(step["ms"])) for step in found)
    called = "" if model_name() else " No model is set that they may call."
    return (
        f"A made-up customer went through all of it in {total / 1_000:.1f} seconds, and was"
        f" erased, looked for everywhere and not found in {int(str(erased['ms'])) / 1_000:.1f}."
        f"{called}"
    )


def create() -> Bird:
    """Make the customer up, with credits and a key."""
    name = f"{PREFIX}{uuid.uuid4().hex}"
    user = User.objects.create_customer(nabzclan_id=name, username=name, email=f"{name}{NOWHERE}")
    NabzClanLink.objects.create(user=user, username=name, email=user.email)
    acceptances.affirm_age(user)
    acceptances.record(user, policies.all_current())
    account = accounts.open_for(user)
    ledger.post(
        account=account.pk,
        kind=LedgerKind.GRANT,
        amount=CREDITS,
        reference=f"canary {uuid.uuid4().hex}",
    )
    _, key = keys.issue(user, name="Canary")
    return Bird(user, account, key, words=f"{PREFIX}words-{uuid.uuid4().hex}")


def use(bird: Bird) -> Bird:
    """Call a model through the public door, and see it charged and logged."""
    answer = _call(bird, model_name())
    if answer.status_code != 200:
        raise Broken(f"their call was answered with {answer.status_code}.")
    _until(lambda: _rows(bird) > 0, "their call was not logged.")
    bird.log_rows = _rows(bird)
    if not LedgerEntry.objects.filter(account=bird.account, kind="usage").exists():
        raise Broken("their call was not charged.")
    return bird


def model_name() -> str:
    """Return the model that is called: the one of the settings, or one of a stand-in."""
    if settings.CANARY_MODEL or not settings.STANDINS:
        return str(settings.CANARY_MODEL)
    found = Model.objects.filter(enabled=True, capabilities__contains=["chat"]).order_by("pk")
    return found.values_list("name", flat=True).first() or ""


def _call(bird: Bird, model: str) -> requests.Response:
    return requests.post(
        f"{settings.PUBLIC_URL}/api/v1/chat/completions",
        json={
            "model": model,
            "max_tokens": 64,
            "messages": [{"role": "user", "content": bird.words}],
        },
        headers={"Authorization": f"Bearer {bird.key}"},
        timeout=SECONDS,
    )


def _rows(bird: Bird) -> int:
    return RequestLog.objects.filter(account_id=bird.account.pk).count()


def find_no_words(bird: Bird) -> Bird:
    """Look everywhere for what was said to the model, and for the key."""
    wanted = [Identifier("words", bird.words), Identifier("key", bird.key)]
    found = [*absence.scan(wanted).traces, *absence_elsewhere.scan(wanted)[1]]
    if found:
        raise Broken(f"their {found[0].kind} were found in {found[0].place}.")
    return bird


def export(bird: Bird) -> Bird:
    """Take a copy home, with all that is held in it and no secret."""
    made = exports.ask(bird.user)
    exports.build(str(made.pk))
    found = exports.fetch(bird.user, str(made.pk))
    if found is None:
        raise Broken("their copy was not made.")
    with zipfile.ZipFile(found.path) as archive:
        profile = json.loads(archive.read("profile.json"))["rows"]
        calls = json.loads(archive.read("calls.json"))["rows"]
        everything = b"\n".join(archive.read(name) for name in archive.namelist())
    if [row["username"] for row in profile] != [bird.user.username] or len(calls) != bird.log_rows:
        raise Broken("their copy lacks something.")
    if bird.key.encode() in everything or bird.words.encode() in everything:
        raise Broken("their copy holds a key, or what they said to a model.")
    return bird


def correct(bird: Bird) -> Bird:
    """Correct the name, and let NabzClan say the old one again."""
    old, wanted = bird.user.username, f"{PREFIX}{uuid.uuid4().hex}"
    corrections.correct_username(bird.user, wanted)
    said = Person(str(bird.user.nabzclan_id), old, bird.user.email, "", 0, None)
    members.update(bird.user, said)
    bird.user.refresh_from_db()
    if bird.user.username != wanted:
        raise Broken("what NabzClan said undid their correction.")
    return bird


def restrict(bird: Bird) -> Bird:
    """Object to statistics and to mail, and be left out of both."""
    for purpose in (Purpose.ANALYSIS, Purpose.MESSAGES):
        restrictions.restrict(bird.user, purpose, kind=RestrictionKind.OBJECT)
        if restrictions.without(purpose).filter(pk=bird.user.pk).exists():
            raise Broken("their objection changed nothing.")
    return bird


def erase(bird: Bird) -> Bird:
    """Ask to be deleted; the key must stop, and nothing may be left."""
    asked = erasure.ask(bird.user, why=ErasureWhy.CANARY)
    model = model_name()
    if model:
        _until(
            lambda: _call(bird, model).status_code == 401,
            "their key went on working.",
            seconds=REFUSED_WITHIN,
        )
    if not erasure.carry_out(str(asked.pk), now=asked.grace_until):
        raise Broken("their deletion did not end.")
    asked.refresh_from_db()
    receipts.verify(asked.receipt)
    if User.objects.filter(pk=bird.user.pk).exists() or _rows(bird):
        raise Broken("something was left of them.")
    return bird


def _until(true: Callable[[], bool], otherwise: str, *, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise Broken(otherwise)
        time.sleep(0.1)


STEPS: dict[str, Callable[[Bird], Bird]] = {
    "used": use,
    "words not found": find_no_words,
    "exported": export,
    "corrected": correct,
    "restricted": restrict,
    "erased": erase,
}


CALLING = {"used", "words not found"}


def steps() -> dict[str, Callable[[Bird], Bird]]:
    """Return what the customer does: where no model is set for that, they call none."""
    return {name: step for name, step in STEPS.items() if model_name() or name not in CALLING}


def clean_up() -> None:
    """Remove what runs have left: the customers of broken ones, and the books of all."""
    made_up = User.objects.filter(nabzclan_id__startswith=PREFIX, email__endswith=NOWHERE)
    for user in made_up:
        asked = erasure.ask(user, why=ErasureWhy.CANARY)
        erasure.carry_out(str(asked.pk), now=max(asked.grace_until, asked.next_at))
    ended = Erasure.objects.filter(why=ErasureWhy.CANARY, state=ErasureState.DONE)
    requests_of_runs = list(ended.values_list("request_id", flat=True))
    ended.delete()
    DataRequest.objects.filter(pk__in=requests_of_runs).delete()
    # No law asks for the books of somebody who never was.
    for entry in LedgerEntry.objects.filter(
        kind=LedgerKind.GRANT, reference__startswith="canary ", account__user=None
    ).select_related("account"):
        books.drop(entry.account)


def expire(*, now: datetime | None = None) -> dict[str, int]:
    """Delete what was found too long ago."""
    old = CanaryRun.objects.filter(ran_at__lt=(now or timezone.now()) - KEPT)
    return {"canary runs": int(old.delete()[0])}
