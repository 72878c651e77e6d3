"""The deletion of a person: asked for, waited with, carried out, proven, receipted.

Each step may be done twice and is written down when it is done, so that a worker may die at any
moment: another goes on. Only the absence scan makes a deletion done.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import mail, sessions, states
from accounts import personal_data as accounts_data
from accounts.mail import About
from accounts.models import State, User
from billing import personal_data as billing_data
from billing.soon import soon
from gateway import personal_data as gateway_data
from privacy import (
    data_requests,
    errands,
    identifiers,
    inventory,
    proof,
    tombstones,
)
from privacy import personal_data as privacy_data
from privacy.models import DataRequest, Erasure, ErasureState, ErasureWhy, Errand, RequestKind

log = logging.getLogger("lumyx.privacy")

CARRY_OUT = "privacy.tasks.carry_out_erasure"
GRACE = timedelta(days=settings.ERASURE_GRACE_DAYS)
AT_ONCE = timedelta(minutes=1)
"""How long even who is erased without grace is waited with: every process must know by then."""
SILENT = timedelta(minutes=15)
"""How long a worker may be silent before another takes over."""
AGAIN = timedelta(minutes=1)
SCAN_AGAIN = timedelta(hours=1)
MAIL_TRIED = timedelta(hours=20)
WITHOUT_GRACE = {ErasureWhy.CHILD, ErasureWhy.RESTORED, ErasureWhy.CANARY}
UNDER_WAY = [ErasureState.GRACE, ErasureState.RUNNING]

# Every app that holds people's data, in the order of the inventory.
ERASES_MANY = [privacy_data.erase_many, gateway_data.erase_many, billing_data.erase_many]
ERASES = [gateway_data.erase, billing_data.erase, privacy_data.erase, accounts_data.erase]


class IsStaff(Exception):
    """Members of staff are not erased before they have left."""


def ask(
    user: User,
    *,
    why: str = ErasureWhy.ASKED,
    request: DataRequest | None = None,
    now: datetime | None = None,
) -> Erasure:
    """Begin a deletion: keys stop and sessions end now, the rest follows after the grace.

    Asked for twice, it is the same deletion; without grace it overtakes one that waits. Raises
    IsStaff.
    """
    moment = now or timezone.now()
    if user.is_staff:
        raise IsStaff
    grace = AT_ONCE if why in WITHOUT_GRACE else GRACE
    known = _known(user, why=why, request=request, until=moment + grace)
    if known is not None:
        return known
    try:
        erasure = _begin(user, why=why, request=request, until=moment + grace, now=moment)
    except IntegrityError:
        known = _known(user, why=why, request=request, until=moment + grace)
        if known is None:
            raise
        return known
    if why == ErasureWhy.ASKED:
        context = {"erasure": erasure, "page": mail.address("sign_in")}
        mail.send(
            user,
            About.RIGHTS,
            subject="Your account will be deleted",
            template="privacy/mail/closing.txt",
            context=context,
        )
    return erasure


@transaction.atomic
def _known(user: User, *, why: str, request: DataRequest | None, until: datetime) -> Erasure | None:
    """Return the deletion that is under way, if any; one without grace hurries it."""
    known = Erasure.objects.select_for_update().filter(user=user, state__in=UNDER_WAY).first()
    if known is None or why not in WITHOUT_GRACE:
        return known
    if known.state == ErasureState.GRACE:
        known.why, known.grace_until = why, min(known.grace_until, until)
        known.next_at = known.grace_until
    if request is not None and request.pk != known.request_id:
        _close_request(known, f"It goes on as request {request.number}, which is due sooner.")
        known.request = request
    known.save(update_fields=["why", "grace_until", "next_at", "request"])
    return known


@transaction.atomic
def _begin(
    user: User, *, why: str, request: DataRequest | None, until: datetime, now: datetime
) -> Erasure:
    kind = RequestKind.CHILD if why == ErasureWhy.CHILD else RequestKind.DELETION
    opened = request or data_requests.open_request(kind, "", user=user, now=now)
    erasure = Erasure.objects.create(
        user=user,
        request=opened,
        why=why,
        state_before=user.state,
        asked_at=now,
        grace_until=until,
        next_at=until,
    )
    states.begin_closing(user)
    sessions.end(user)
    privacy_data.delete_exports(user)
    return erasure


def under_way(user: User) -> Erasure | None:
    """Return the deletion of somebody that is to be carried out, if any."""
    return Erasure.objects.filter(user=user, state__in=UNDER_WAY).first()


def can_stay(erasure: Erasure, *, now: datetime | None = None) -> bool:
    """Return whether the person may still keep their account."""
    waits = erasure.state == ErasureState.GRACE and erasure.grace_until > (now or timezone.now())
    return waits and erasure.why not in WITHOUT_GRACE


def call_off(user: User, *, now: datetime | None = None) -> bool:
    """Keep an account whose owner came back in time; return whether they did."""
    with transaction.atomic():
        erasure = Erasure.objects.select_for_update().filter(user=user, state__in=UNDER_WAY).first()
        if erasure is None or not can_stay(erasure, now=now):
            return False
        erasure.state = ErasureState.CALLED_OFF
        erasure.save(update_fields=["state"])
        states.reopen(user, State(erasure.state_before or State.ACTIVE))
        if erasure.request is not None:
            _close_request(erasure, "The account is kept: its owner came back.")
    return True


def due(*, now: datetime | None = None) -> list[str]:
    """Return the deletions that a worker may go on with."""
    moment = now or timezone.now()
    found = Erasure.objects.filter(_free(moment), next_at__lte=moment)
    return [str(pk) for pk in found.order_by("next_at").values_list("pk", flat=True)[:100]]


def _free(moment: datetime) -> Q:
    waits = Q(state=ErasureState.GRACE, grace_until__lte=moment)
    return waits | Q(state=ErasureState.RUNNING)


def carry_out(name: str, *, now: datetime | None = None) -> bool:
    """Go on with a deletion as far as it goes; return whether it is done."""
    moment = now or timezone.now()
    erasure = _claim(name, now=moment)
    if erasure is None:
        return False
    if erasure.removed_at is None and not _remove(erasure, now=moment):
        return _wait(erasure, AGAIN, now=moment)
    if not errands.run(erasure, now=moment):
        return _wait(erasure, AGAIN, now=moment)
    if not proof.absent(erasure):
        log.error("alarm: erasure %s left traces: %s", erasure.pk, proof.places(erasure))
        return _wait(erasure, SCAN_AGAIN, now=moment)
    return _finish(erasure, now=moment) or _wait(erasure, SCAN_AGAIN, now=moment)


def _claim(name: str, *, now: datetime) -> Erasure | None:
    """Take a deletion that is due; its worker has it until it falls silent."""
    mine = Erasure.objects.filter(_free(now), pk=name, next_at__lte=now)
    taken = mine.update(
        state=ErasureState.RUNNING, moved_at=now, next_at=now + SILENT, tries=F("tries") + 1
    )
    return Erasure.objects.select_related("user", "request").get(pk=name) if taken else None


def _wait(erasure: Erasure, pause: timedelta, *, now: datetime) -> bool:
    Erasure.objects.filter(pk=erasure.pk, tries=erasure.tries).update(next_at=now + pause)
    return False


def _remove(erasure: Erasure, *, now: datetime) -> bool:
    """Remove the person from our database; False for staff, and while a call is under way."""
    user = erasure.user
    if user is None:
        raise AssertionError("the person went without being removed")
    if user.is_staff:
        log.error("alarm: erasure %s waits: its person became a member of staff", erasure.pk)
        return False
    if billing_data.under_way(user):
        return False
    removed = _counted(user)
    tombstones.put(user.pk, now=now)
    for erase_many in ERASES_MANY:
        erase_many(user)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '300s'")
        locked = User.objects.select_for_update().get(pk=user.pk)
        errands.prepare(erasure, locked)
        erasure.sealed = identifiers.seal(identifiers.of(locked))
        for erase in ERASES:
            erase(locked)
        erasure.removed, erasure.removed_at = removed, now
        erasure.user = None
        erasure.save(update_fields=["sealed", "removed", "removed_at", "user"])
    return True


def _counted(user: User) -> dict[str, dict[str, Any]]:
    """Return how many rows of each data set there are, and what becomes of them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '300s'")
        counts = {entry: entry.of(user).count() for entry in inventory.data_sets()}
    return {
        entry.name: {"rows": rows, "became": str(entry.on_erasure)}
        for entry, rows in counts.items()
        if rows
    }


def _finish(erasure: Erasure, *, now: datetime) -> bool:
    """Sign the receipt, send it to who asked, and forget who that was.

    A mail that does not go out is tried again for `MAIL_TRIED`; one may come twice.
    """
    erasure.receipt = proof.receipt(erasure, now=now)
    asked = erasure.why == ErasureWhy.ASKED
    begun = erasure.removed_at or now
    if asked and not proof.send(erasure) and now - begun < MAIL_TRIED:
        return False
    with transaction.atomic():
        # A report may have taken it over since it was read.
        erasure.request = Erasure.objects.select_for_update().get(pk=erasure.pk).request
        erasure.state, erasure.done_at, erasure.sealed = ErasureState.DONE, now, b""
        erasure.save(update_fields=["state", "done_at", "sealed", "receipt"])
        _close_request(erasure, "Everything was erased that may be.")
    return True


def _close_request(erasure: Erasure, words: str) -> None:
    if erasure.request is None:
        return
    try:
        data_requests.close(erasure.request, by=None, words=words, evidence=f"erasure {erasure.pk}")
    except data_requests.Closed:
        log.warning("the request of erasure %s was closed before", erasure.pk)


def hand_over(erasure: Erasure) -> None:
    """Hand a deletion to a worker once it is stored; without a broker, beat does so later."""
    transaction.on_commit(lambda: soon(CARRY_OUT, str(erasure.pk)))


@transaction.atomic
def try_errands_again(wanted: Collection[int]) -> list[Errand]:
    """Have a worker run errands now whose next try lies ahead; return which."""
    found = errands.hurry(wanted)
    for name in {errand.erasure_id for errand in found}:
        # One that a worker has right now is left to it, and goes on with beat's next round.
        rests = Erasure.objects.filter(pk=name, state=ErasureState.RUNNING).exclude(
            next_at=F("moved_at") + SILENT
        )
        if rests.update(next_at=timezone.now()):
            hand_over(Erasure(pk=name))
    return found


def replay(*, now: datetime | None = None) -> int:
    """Erase anew whoever a restored backup brought back; return how many there were."""
    risen = tombstones.risen()
    for user in risen:
        if user.is_staff:
            log.error("alarm: %s was erased and is a member of staff again", user.pk)
            continue
        ask(user, why=ErasureWhy.RESTORED, now=now)
    return len(risen)
