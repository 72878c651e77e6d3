"""Section 6: what protects the data is in place."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef
from django.urls import reverse

from accounts import second_factor
from accounts.models import User
from gateway import keys
from gateway.models import Provider
from privacy import reviews
from privacy.conformance import log_files, scan, site, visitors
from privacy.conformance.finding import (
    Clause,
    Finding,
    broken,
    count,
    is_development,
    kept,
    not_here,
)

SECONDS = 5
YEAR = timedelta(days=365)
HERE = {"", "127.0.0.1", "localhost", "::1"}
"""Hosts of this very machine, to which nothing travels."""


def tls(now: datetime) -> Finding:
    """See that everything that travels is encrypted, and that browsers are told to insist."""
    if not settings.HTTPS and is_development():
        return not_here("This is a development server: it speaks plain HTTP, to this machine.")
    plain = [
        *_plain_to_us(),
        *_plain_behind_us(),
        *(
            f"provider {row.name}"
            for row in Provider.objects.filter(enabled=True)
            if not row.base_url.startswith("https://")
        ),
    ]
    if plain:
        return broken(
            f"{count(len(plain), 'way')} of the data are not encrypted, or could not be reached.",
            details=", ".join(plain),
            ways=len(plain),
        )
    return kept(
        "HTTPS answers with a valid certificate and asks browsers to insist on it for a year;"
        " plain HTTP leads there; the database, Redis and every provider are spoken to in TLS.",
        ways=0,
    )


def _plain_to_us() -> list[str]:
    if not settings.HTTPS:
        return ["our own address"]
    wrong = []
    url = f"{settings.PUBLIC_URL}/"
    try:
        answer = requests.get(url, timeout=SECONDS, allow_redirects=False)
        header = answer.headers.get("Strict-Transport-Security", "")
        ages = [p.strip()[8:] for p in header.split(";") if p.strip().startswith("max-age=")]
        if not ages or not ages[0].isdigit() or int(ages[0]) < YEAR.total_seconds():
            wrong.append("no Strict-Transport-Security of a year")
    except requests.RequestException as error:
        return [f"{url}: {type(error).__name__}"]
    plain = f"http://{urlsplit(settings.PUBLIC_URL).hostname}/"
    try:
        answer = requests.get(plain, timeout=SECONDS, allow_redirects=False)
        if not answer.headers.get("Location", "").startswith("https://"):
            wrong.append("plain HTTP does not lead to HTTPS")
    except requests.ConnectionError:
        # Nobody listens there: nothing travels in the clear.
        pass
    except requests.RequestException as error:
        wrong.append(f"plain HTTP: {type(error).__name__}")
    return wrong


def _plain_behind_us() -> list[str]:
    wrong = []
    if str(connection.settings_dict["HOST"]) not in HERE:
        with connection.cursor() as cursor:
            cursor.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
            if not cursor.fetchone()[0]:
                wrong.append("PostgreSQL")
    at = urlsplit(settings.REDIS_URL)
    if at.scheme != "rediss" and (at.hostname or "") not in HERE:
        wrong.append("Redis")
    return wrong


DIGESTS = """
select count(*), count(*) filter (
  where octet_length(digest) <> 32 or octet_length(previous_digest) <> 32
     or length(prefix) > 7 or length(last4) > 4)
from gateway_apikey
"""
KEY_SQL = rf"lx-[0-9A-Za-z]{{{keys.LENGTH - len(keys.PREFIX)}}}"


def api_keys(now: datetime) -> Finding:
    """See that a key is stored as a keyed digest, and that no column holds a key's text."""
    with connection.cursor() as cursor:
        cursor.execute(DIGESTS)
        rows, wrong = cursor.fetchone()
    found = scan.look_for(
        KEY_SQL, lambda text: any(map(keys.well_formed, log_files.KEY.findall(text)))
    )
    figures: dict[str, Any] = {"keys": rows, "rows": found.rows, "tables": found.tables}
    if wrong or found.found_in:
        return broken(
            f"{count(wrong, 'key')} are no digest of 32 bytes, and the text of a key is in"
            f" {count(len(found.found_in), 'column')}.",
            details=", ".join(sorted(found.found_in)),
            wrong=wrong,
            columns=len(found.found_in),
            **figures,
        )
    return kept(
        f"{count(rows, 'key')} stored as digests of 32 bytes; no text of a key was found;"
        f" {found.said}.",
        wrong=0,
        columns=0,
        **figures,
    )


def staff_door(now: datetime) -> Finding:
    """Try the staff's door as a stranger and as staff without a second factor."""
    door = second_factor.ADMIN
    stranger = site.visit(door)
    turned_away = stranger.status_code == 302 and stranger["Location"].startswith(
        reverse("account_login")
    )
    half = site.visit(door, session=visitors.sign_in(visitors.staff()))
    stopped = half.status_code == 302 and half["Location"].startswith(reverse("mfa_index"))
    staff = User.objects.filter(is_staff=True, is_active=True).exclude(
        username__startswith=visitors.PREFIX
    )
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=second_factor.FACTORS)
    enrolled, everybody = staff.filter(Exists(factor)).count(), staff.count()
    figures: dict[str, Any] = {"staff": everybody, "with_second_factor": enrolled}
    if not turned_away or not stopped:
        who = "somebody without a second factor" if turned_away else "a stranger"
        return broken(f"The staff's pages opened for {who}.", **figures)
    return kept(
        "A stranger and somebody made up without a second factor were turned away just now;"
        f" {enrolled} of {count(everybody, 'member')} of staff have one, and only they get in.",
        **figures,
    )


def reviewed(now: datetime) -> Finding:
    """Find out whether a security review is overdue."""
    last = reviews.latest()
    if last is None:
        return broken("No security review was held yet.")
    days = (now.date() - last.held_on).days
    if reviews.overdue(now):
        return broken(f"The last security review was {count(days, 'day')} ago.", days=days)
    return kept(
        f"The last security review was {count(days, 'day')} ago; another is due within"
        f" {reviews.EVERY.days} days of it.",
        days=days,
    )


CLAUSES = [
    Clause(
        id="6-tls",
        section="6",
        sentences=(
            "We implement industry-standard security measures to protect your data, including:",
            "Encryption of data in transit (TLS/SSL)",
        ),
        check="Our own address is called as a browser would, by HTTPS and plain HTTP, and the"
        " connections to the database, Redis and the providers are looked at.",
        probe=tls,
    ),
    Clause(
        id="6-keys",
        section="6",
        sentences=("Hashed and securely stored API keys",),
        check="Every stored key must be a digest of 32 bytes, and the columns of every table are"
        " searched for anything in the form of a key with a right checksum.",
        probe=api_keys,
    ),
    Clause(
        id="6-access",
        section="6",
        sentences=("Access controls and authentication for internal systems",),
        check="The staff's door is tried by a stranger and by a made-up member of staff who has no"
        " second factor: both must be turned away.",
        probe=staff_door,
    ),
    Clause(
        id="6-reviews",
        section="6",
        sentences=("Regular security reviews",),
        check="The latest dated review in the register must be less than 92 days old.",
        probe=reviewed,
    ),
]
