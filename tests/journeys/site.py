"""Every page of the website, and people for whom there is something on it to see."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone

from accounts.models import User
from gateway import ids, keys
from gateway.models import ApiKey, Incident, IncidentState, IncidentUpdate
from lumyx.docs import contents
from privacy import erasure, exports
from tests.calls import add_call
from tests.customers import Customer, accept, make_customer, session_of
from tests.processes import Server
from tests.shop import StripeProcess, bought

WHO = ("docs", "stranger", "regular", "newcomer", "unknown", "staff", "leaver")
ABSURD = "A-name-of-very-very-" + "W" * 46 + "-great-length"


@dataclass(frozen=True)
class Visit:
    """Pages that one person opens; `session` is their cookie, empty for a stranger."""

    who: str
    session: str
    paths: tuple[str, ...]


def newcomer(name: str) -> Customer:
    """Make somebody who has accepted everything and has neither credits nor a key nor a call."""
    customer = make_customer(credit=0)
    keys.revoke(customer.key_row)
    ApiKey.objects.filter(user=customer.user).delete()
    return _accepted(customer, name)


def _accepted(customer: Customer, name: str) -> Customer:
    user = customer.user
    user.username = f"{name}-{uuid.uuid4().hex[:6]}{'n' * 60 if name == ABSURD else ''}"
    user.save(update_fields=["username"])
    accept(user)
    return customer


def regular(server: Server, stripe: StripeProcess) -> tuple[Customer, dict[str, str]]:
    """Make somebody with purchases, keys and calls; return them and the pages about these."""
    customer = _accepted(make_customer(vip_level=2), ABSURD)
    order = bought(stripe, customer.account)
    for limits in ({"day_spend": 5_000_000, "minute_limit": 60}, {"log_days": 3}):
        keys.issue(customer.user, name=ABSURD, **limits)  # type: ignore[arg-type]
    customer.chat(server)
    customer.stream(server, "thinker")
    customer.chat(server, "echo-fail-500")
    customer.chat(server, "no-such-model")
    last = customer.wait_for_log(4)[0]
    now = timezone.now()
    for n in range(150):
        add_call(
            customer,
            at=now - timedelta(hours=3 * n, minutes=n),
            model=("echo", "thinker", "anthropic/echo")[n % 3],
            status=200 if n % 7 else 503,
            error_code="" if n % 7 else "provider_unavailable",
            charge_basis="reported" if n % 7 else "nothing",
            streamed=n % 2 == 0,
            input_tokens=1_200 + n,
            output_tokens=10**6 if n == 20 else 300 + n,
            charge=123_456_789_012 if n == 20 else 5_000 + 17 * n,
            latency_ms=900 + 13 * n,
            first_token_ms=210 + n,
        )
    exports.build(str(exports.ask(customer.user).pk))
    return customer, {
        "key": str(customer.key_row.pk),
        "order": str(order.pk),
        "call": ids.public(last.id.hex),
    }


def leaver() -> Customer:
    """Make somebody who has asked to be erased."""
    customer = _accepted(make_customer(), "leaver")
    erasure.ask(customer.user, why="asked")
    return customer


def visits(server: Server, stripe: StripeProcess) -> list[Visit]:
    """Return every page of the website, by who opens it."""
    rich, about = regular(server, stripe)
    unknown = make_customer(credit=0).user
    staff = _accepted(make_customer(credit=0), "staff").user
    User.objects.filter(pk=staff.pk).update(is_staff=True)
    about |= {"incident": incident()}
    own = tuple(path.format(**about) for path in CONSOLE)
    return [
        Visit("docs", "", tuple(page.url for page in contents.pages().values())),
        Visit("stranger", "", tuple(path.format(**about) for path in PUBLIC)),
        Visit("regular", session_of(rich.user), own),
        Visit("newcomer", session_of(newcomer("newcomer").user), FIRST_VISIT),
        Visit("unknown", session_of(unknown), ("/welcome",)),
        Visit("staff", session_of(staff), ("/staff/style",)),
        Visit("leaver", session_of(leaver().user), ("/privacy/closing",)),
    ]


def incident() -> str:
    """Make an incident with a story, and return its id."""
    begun = timezone.now() - timedelta(days=2)
    made = Incident.objects.create(title=f"{ABSURD} answered late", started_at=begun)
    for state, hours in ((IncidentState.INVESTIGATING, 0), (IncidentState.RESOLVED, 3)):
        IncidentUpdate.objects.create(
            incident=made, at=begun + timedelta(hours=hours), state=state, text="We looked. " * 12
        )
    return str(made.pk)


PUBLIC = (
    "/",
    "/models",
    "/models?q=nothing-has-this-name",
    "/models/compare?model=echo&model=thinker",
    "/models/anthropic/echo",
    "/models/echo-embed",
    "/pricing",
    "/docs",
    "/docs/search?q=stream",
    "/status",
    "/status/incidents/{incident}",
    "/status/history",
    "/privacy",
    "/privacy/versions",
    "/privacy/versions/2026-03-20",
    "/privacy/conformance",
    "/privacy/how-we-keep-it",
    "/privacy/what-we-hold",
    "/privacy/recipients",
    "/privacy/receipts",
    "/terms",
    "/cookies",
    "/contact",
    "/sign-in",
    "/accounts/staff/",
    "/nothing/here",
)
CONSOLE = (
    "/dashboard",
    "/playground",
    "/usage",
    "/usage?status=503",
    "/usage?model=nothing-has-this-name",
    "/usage/{call}",
    "/keys",
    "/keys/new",
    "/keys/{key}",
    "/keys/{key}/rotate",
    "/keys/{key}/revoke",
    "/billing",
    "/billing/history",
    "/billing/orders/{order}",
    "/billing/receipts/{order}",
    "/billing/automatic",
    "/account",
    "/account/sessions",
    "/sign-in/again",
    "/privacy/centre",
    "/privacy/delete",
    "/models",
)
FIRST_VISIT = ("/dashboard", "/playground", "/usage", "/keys", "/billing", "/billing/history")
STATUS = {"/nothing/here": 404}
"""What pages answer with that are no 200."""
NO_PAGES = {
    # Forms are sent there, and lead on to a page.
    *("ask_export", "buy", "choose_mail", "correct_avatar", "correct_email", "correct_username"),
    *("end_session", "redeem", "restrict", "save_alert", "save_auto_top_up"),
    *("save_card", "sign_out", "undo_correction"),
    # Parts of pages that stand here, and what is no page: texts, files, a picture.
    *("dashboard_live", "exports_live", "order_live", "status_live", "more_calls", "new_calls"),
    *("usage_totals", "playground_charge", "avatar", "llms", "llms_full", "docs_markdown"),
    *("robots", "sitemap", "metrics", "status_feed", "status_json", "conformance_json"),
    *("download_calls_csv", "download_calls_json", "download_export", "download_history"),
    # They lead elsewhere: to Stripe, or back to the sign-in.
    *("stripe_portal", "stripe_webhook", "stripes_receipt", "account_email", "account_signup"),
    *("account_reset_password", "socialaccount_connections", "socialaccount_login_cancelled"),
    *("socialaccount_login_error", "socialaccount_signup"),
    # A mailed link opens the one, a second version of a document the other.
    *("confirm_email", "policy_changes"),
    # The admin's.
    *("record_of_processing", "staff_reason"),
}
"""Names of addresses at which there is nothing of its own to look at."""


def name_of(path: str) -> str:
    """Return the name of the address that a path leads to."""
    try:
        return resolve(path.partition("?")[0]).view_name
    except Resolver404:
        return ""


def named() -> set[str]:
    """Return the names of every address of the website but the admin's and allauth's own."""
    return set(_names(get_resolver().url_patterns))


def _names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLPattern):
            if one.name and not (one.lookup_str.startswith(("allauth.", "unfold."))):
                yield one.name
        elif not one.namespace and not str(one.pattern).startswith("admin/"):
            yield from _names(one.url_patterns)
