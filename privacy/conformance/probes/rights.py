"""Section 8: every right works, for everybody."""

import json
import zipfile
from datetime import datetime, timedelta
from html import escape
from typing import Any

from django.urls import reverse

from accounts import corrections, mail, restrictions
from accounts.data_sets import Purpose
from accounts.models import NabzClanLink, RestrictionKind
from accounts.nabzclan import members
from accounts.nabzclan.client import Person
from gateway import daily_use
from gateway.models import DailyUse
from gateway.models.daily_use import ACCOUNTS_LEAST
from privacy import exports, inventory
from privacy.conformance import site, visitors
from privacy.conformance.finding import Clause, Finding, broken, count, kept
from privacy.conformance.probes import deletions
from privacy.models import GENERAL, DataRequest, Export, ExportState, RequestState

STUCK = timedelta(minutes=30)


def access(now: datetime) -> Finding:
    """Open the privacy centre as somebody made up: it must name every table with their data."""
    key = visitors.sign_in(visitors.customer())
    answer = site.visit(reverse("privacy_centre"), session=key)
    page = site.text_of(answer)
    sets = inventory.data_sets()
    missing = [entry.name for entry in sets if escape(entry.title) not in page]
    if answer.status_code != 200 or missing:
        return broken(
            f"The privacy centre answered {answer.status_code} and leaves out"
            f" {count(len(missing), 'table')}.",
            details=", ".join(missing),
            missing=len(missing),
        )
    return kept(
        f"Somebody made up opened the privacy centre just now and found all {len(sets)} tables.",
        tables=len(sets),
    )


def export(now: datetime) -> Finding:
    """Find exports that are stuck or failed, and compare the newest with the inventory."""
    under_way = Export.objects.filter(state__in=[ExportState.WAITING, ExportState.BUILDING])
    stuck = under_way.filter(moved_at__lt=now - STUCK).count()
    failed = Export.objects.filter(state=ExportState.FAILED).count()
    ready = Export.objects.filter(state=ExportState.READY, expires_at__gt=now)
    latest = ready.order_by("-ready_at").first()
    differs = _differs(latest) if latest is not None else []
    figures: dict[str, Any] = {"stuck": stuck, "failed": failed, "ready": ready.count()}
    if stuck or failed or differs:
        return broken(
            f"{count(stuck, 'copy', 'copies')} stuck, {failed} failed; the newest differs from"
            f" what is held in {count(len(differs), 'table')}.",
            details=", ".join(differs),
            **figures,
        )
    compared = "the newest has every table and column" if latest else "none was asked for of late"
    return kept(
        f"No copy is stuck or has failed in {exports.KEPT.days} days; {compared}.", **figures
    )


def _differs(made: Export) -> list[str]:
    """Return the data sets of which an export lacks something that was held when it was made."""
    try:
        with zipfile.ZipFile(made.path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            files = set(archive.namelist())
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        return [f"its file: {type(error).__name__}"]
    there = {part["name"]: part["columns"] for part in manifest["data_sets"]}
    listed = {file["file"] for part in manifest["data_sets"] for file in part["files"]}
    return [
        entry.name
        for entry in inventory.data_sets()
        if there.get(entry.name) != list(entry.columns)
    ] + sorted(listed - files)


def correction(now: datetime) -> Finding:
    """Let somebody made up correct their name, and NabzClan then say the old one."""
    user = visitors.customer()
    old, wanted = user.username, f"{user.username}-corrected"
    NabzClanLink.objects.create(user=user, username=old)
    corrections.correct_username(user, wanted)
    said = Person(
        id=str(user.nabzclan_id),
        username=old,
        email="",
        avatar_url="",
        vip_level=1,
        vip_expires_at=None,
    )
    members.update(user, said)
    user.refresh_from_db()
    if user.username != wanted or user.vip_level != 1:
        return broken("NabzClan's next answer undid the correction of somebody made up.")
    return kept(
        "Somebody made up corrected their name just now; NabzClan's next answer changed the rest"
        " and left it."
    )


def restriction(now: datetime) -> Finding:
    """Have people made up call a model, one of whom objects to statistics and to mail."""
    made = [visitors.caller(now=now) for _ in range(ACCOUNTS_LEAST + 1)]
    objecting = made[0]
    for purpose in (Purpose.ANALYSIS, Purpose.MESSAGES):
        restrictions.restrict(objecting, purpose, kind=RestrictionKind.OBJECT)
    daily_use.add_up(now.date())
    totals = DailyUse.objects.filter(day=now.date(), model=visitors.MODEL)
    counted = sum(totals.values_list("accounts", flat=True))
    optional = [about for about in mail.About if not about.needed]
    mailed = [about.words for about in optional if mail.wanted(objecting, about)]
    if counted != ACCOUNTS_LEAST or mailed:
        return broken(
            f"Of {len(made)} people made up, {counted} were counted, and the one who objects would"
            f" get {count(len(mailed), 'kind')} of mail.",
            details=", ".join(mailed),
            counted=counted,
        )
    people = restrictions.restricting()
    return kept(
        f"Of {len(made)} people made up just now, the one who objects was left out of the totals"
        f" and of {count(len(optional), 'kind')} of mail; {count(people, 'person', 'people')}"
        " really restrict something.",
        counted=counted,
        restricting=people,
    )


def queue(now: datetime) -> Finding:
    """Find requests about personal data that were not answered in time."""
    waiting = DataRequest.objects.filter(state=RequestState.OPEN).exclude(kind__in=GENERAL)
    late = waiting.filter(due_at__lt=now).count()
    oldest = waiting.order_by("opened_at").first()
    days = (now - oldest.opened_at).days if oldest else 0
    figures: dict[str, Any] = {"open": waiting.count(), "late": late, "oldest_days": days}
    if late:
        return broken(f"{count(late, 'request')} are past their deadline.", **figures)
    said = f"{count(figures['open'], 'request')} open, none past its deadline"
    return kept(
        f"{said}; the oldest is {count(days, 'day')} old." if oldest else f"{said}.", **figures
    )


CLAUSES = [
    Clause(
        id="8-access",
        section="8",
        sentences=(
            "Depending on your jurisdiction, you may have the right to:",
            "Access the personal data we hold about you",
        ),
        check="Everybody has every right, wherever they live. Somebody made up opens the privacy"
        " centre: each table with personal data must be there.",
        probe=access,
    ),
    Clause(
        id="8-correction",
        section="8",
        sentences=("Request correction of inaccurate data",),
        check="Somebody made up corrects their name, then NabzClan says the old one again: the"
        " correction must stay.",
        probe=correction,
    ),
    Clause(
        id="8-deletion",
        section="8",
        sentences=("Request deletion of your data",),
        check="No deletion may be stuck, and each that was done must have a signed receipt after a"
        " search of the whole database found nothing.",
        probe=deletions.proven,
    ),
    Clause(
        id="8-restriction",
        section="8",
        sentences=("Object to or restrict certain processing of your data",),
        check="Six people made up call a model, one of whom objects to statistics and mail: totals"
        " made then may count five, and no mail that can be done without may be for the sixth.",
        probe=restriction,
    ),
    Clause(
        id="8-export",
        section="8",
        sentences=("Export your data in a portable format",),
        check="No copy may be stuck or have failed; the newest is opened, and must have every"
        " table and column of the inventory.",
        probe=export,
    ),
    Clause(
        id="8-requests",
        section="8",
        sentences=(
            "To exercise any of these rights, please contact us at the email address below.",
        ),
        check="No request about personal data may be past its deadline: 30 days, and 72 hours for"
        " a child's account.",
        probe=queue,
    ),
]
