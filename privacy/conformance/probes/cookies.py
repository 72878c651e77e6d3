"""Section 7: one cookie, for the session, and nothing from anywhere else."""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.urls import reverse

from accounts import second_factor
from accounts.models import Session
from privacy.conformance import site, visitors
from privacy.conformance.finding import Clause, Finding, broken, count, kept

SWEPT_WITHIN = timedelta(hours=2)
PAGES = (*site.READ_BY_ANYBODY, *site.WITH_FORMS)
OWN = {"'self'", "'none'", "data:"}
ADMINS = {"'unsafe-inline'", "'unsafe-eval'"}
"""What the staff's pages may do with scripts, which still come from here alone."""
FOREIGN = re.compile(
    r"""<(?:script|img|iframe|link|source|video|audio|object|embed)\b[^>]*?"""
    r"""\b(?:src|href|srcset|data)=["']((?:https?:)?//[^"']+)""",
    re.IGNORECASE,
)


def essential(now: datetime) -> Finding:
    """Look at every cookie that our pages set."""
    wrong, begun = [], 0
    for path in PAGES:
        answer = site.visit(path)
        wrong += [f"{path}: {name}" for name in _foreign_cookies(answer)]
        cookie = site.session_of(answer)
        if cookie is None:
            continue
        begun += 1
        if path in site.READ_BY_ANYBODY:
            wrong.append(f"{path}: a session for nothing")
        if not cookie["httponly"] or cookie["samesite"] not in ("Lax", "Strict"):
            wrong.append(f"{path}: the session's cookie is open")
        if settings.HTTPS and not cookie["secure"]:
            wrong.append(f"{path}: the session's cookie travels in the clear")
    if wrong:
        return broken(
            f"{count(len(wrong), 'fault')} with cookies on {len(PAGES)} pages.",
            details=", ".join(wrong),
            wrong=len(wrong),
        )
    return kept(
        f"Of {len(PAGES)} pages opened just now {begun} began a session, as their forms need; no"
        " other cookie was set.",
        wrong=0,
        pages=len(PAGES),
    )


def _foreign_cookies(answer: HttpResponse) -> list[str]:
    return [name for name in answer.cookies if name != settings.SESSION_COOKIE_NAME]


def third_parties(now: datetime) -> Finding:
    """Read the content security policy of real answers, and the pages themselves."""
    leads_to = {
        "'self'",
        "{0.scheme}://{0.netloc}".format(urlsplit(settings.NABZCLAN_AUTHORIZE_URL)),
        *settings.STRIPE_PAGES,
    }
    own = f"{settings.PUBLIC_URL}/"
    wrong = []
    for path in PAGES:
        answer = site.visit(path)
        wrong += [f"{path}: {one}" for one in _lets_in(answer, leads_to=leads_to)]
        named = FOREIGN.findall(site.text_of(answer))
        wrong += [f"{path}: {url}" for url in named if not f"{url}/".startswith(own)]
    staff = site.visit(second_factor.ADMIN)
    wrong += [f"staff: {one}" for one in _lets_in(staff, leads_to=leads_to, allowed=ADMINS)]
    if wrong:
        return broken(
            f"{count(len(wrong), 'source')} of others could be asked by our pages.",
            details=", ".join(wrong),
            wrong=len(wrong),
        )
    return kept(
        f"{len(PAGES)} pages opened just now let browsers load from here alone, and none names"
        " anything else.",
        wrong=0,
        pages=len(PAGES),
    )


def _lets_in(
    answer: HttpResponse, *, leads_to: set[str], allowed: set[str] | None = None
) -> list[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    rules = {words[0]: words[1:] for words in map(str.split, policy.split(";")) if words}
    if "'none'" not in rules.get("default-src", []):
        return ["no policy that begins with nothing"]
    return [
        f"{name} {source}"
        for name, sources in rules.items()
        for source in sources
        if source not in (leads_to if name == "form-action" else OWN | (allowed or set()))
        and not source.startswith("'nonce-")
    ]


ENDED = "select count(*) from accounts_session where expire_date < %s"


def sessions_end(now: datetime) -> Finding:
    """See that a session's cookie goes with the browser, and its row with the sign-out."""
    lasting = [
        path
        for path in site.WITH_FORMS
        for cookie in [site.session_of(site.visit(path))]
        if cookie is not None and (cookie["max-age"] != "" or cookie["expires"])
    ]
    key = visitors.sign_in(visitors.customer())
    there = Session.objects.filter(pk=key)
    begun = there.exists()
    left = site.visit(reverse("sign_out"), method="POST", session=key)
    still = there.exists()
    with connection.cursor() as cursor:
        cursor.execute(ENDED, [now - SWEPT_WITHIN])
        unswept = cursor.fetchone()[0]
    if lasting or still or not begun or left.status_code != 302 or unswept:
        return broken(
            f"The cookie outlives the browser on {count(len(lasting), 'page')}; signing out"
            f" {'left the session' if still else 'ended the session'}; {unswept:,} ended sessions"
            " were not deleted.",
            details=", ".join(lasting),
            lasting=len(lasting),
            unswept=unswept,
        )
    return kept(
        "The cookie has no age, so it goes with the browser. Somebody made up signed in and out"
        " just now, and their session is gone. No ended session waits to be deleted.",
        lasting=0,
        unswept=0,
    )


CLAUSES = [
    Clause(
        id="7-cookies",
        section="7",
        sentences=("We use essential cookies to maintain your session and authentication state.",),
        check="Pages are opened as a stranger's browser would. Only those with a form may set a"
        " cookie, only the session's, closed to scripts and to other sites.",
        probe=essential,
    ),
    Clause(
        id="7-third-parties",
        section="7",
        sentences=("We do not use third-party tracking cookies or advertising pixels.",),
        check="The same pages must tell browsers to load nothing from elsewhere, and name no"
        " script, picture or frame of others; forms lead to us, NabzClan and Stripe only.",
        probe=third_parties,
    ),
    Clause(
        id="7-sessions",
        section="7",
        sentences=(
            "Session cookies are automatically deleted when you close your browser or sign out.",
        ),
        check="The session's cookie may have no age. Somebody made up signs in and out: the"
        " session must be gone from the database. None may be there 2 hours after its end.",
        probe=sessions_end,
    ),
]
