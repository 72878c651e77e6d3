"""Every address of the project by who may have what is there; one that is not listed fails.

The admin's are in `tests.office.matrix`, by role; here they are closed to all customers.
"""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from gateway import api_urls, playground_urls
from lumyx import health
from tests.office.matrix import NO_ROW

OPEN = {
    # The site as everybody sees it.
    *("", "robots.txt", "sitemap.xml", "llms.txt", "llms-full.txt", "pricing", "contact"),
    *("docs", "docs/api", "docs/search", "docs/charges", "docs/<slug:slug>.md"),
    *("docs/<slug:slug>", "models", "models/compare", "models/<path:name>", "cookies"),
    *("status", "status.json", "status/live", "status/feed", "status/history"),
    "status/incidents/<int:pk>",
    # What we promise, and how we keep it.
    *("privacy/what-we-hold", "privacy/recipients", "privacy/conformance"),
    *("privacy/conformance.json", "privacy/how-we-keep-it", "privacy/receipts"),
    *("<document:kind>", "<document:kind>/versions", "<document:kind>/versions/<version>"),
    "<document:kind>/versions/<version>/changes",
    # The ways in; those below lead to the first.
    *("sign-in", "accounts/staff/", "accounts/inactive/", "accounts/nabzclan/login/"),
    *("accounts/nabzclan/login/callback/", "accounts/cancelled", "accounts/error"),
    *("accounts/signup", "accounts/welcome", "accounts/password", "accounts/connections"),
    "accounts/email",
    # Stripe's signature is its key.
    "billing/webhooks/stripe/",
    # Machines'.
    *("healthz", "readyz", "metrics", "api/v1/openapi.json"),
}
"""Where there is nothing of anybody's."""

OWN = {
    *("dashboard", "dashboard/live", "playground", "playground/chat/completions"),
    *("usage", "usage/more", "usage/new", "usage/totals", "usage/calls.csv", "usage/calls.json"),
    *("keys", "keys/new", "billing", "billing/buy", "billing/redeem", "billing/portal"),
    *("billing/history", "billing/history.csv", "billing/automatic", "billing/automatic/save"),
    *("billing/automatic/alert", "billing/automatic/card"),
    *("account", "account/username", "account/email", "account/email/confirm", "account/avatar"),
    *("account/undo/<slug:field>", "account/mail", "account/sessions", "account/sessions/end"),
    *("privacy/centre", "privacy/restrictions", "privacy/exports", "privacy/exports/live"),
    *("privacy/delete", "privacy/closing", "welcome", "sign-in/again", "sign-out"),
    *("accounts/reauthenticate/", "accounts/logout", "accounts/2fa/"),
    *("accounts/2fa/authenticate/", "accounts/2fa/reauthenticate/"),
    *("accounts/2fa/totp/activate/", "accounts/2fa/totp/deactivate/"),
    *("accounts/2fa/recovery-codes/", "accounts/2fa/recovery-codes/generate/"),
    *("accounts/2fa/recovery-codes/download/", "accounts/2fa/webauthn/"),
    *("accounts/2fa/webauthn/add/", "accounts/2fa/webauthn/reauthenticate/"),
    # With a key.
    *("api/v1/chat/completions", "api/v1/messages", "api/v1/messages/count_tokens"),
    *("api/v1/responses", "api/v1/embeddings", "api/v1/completions", "api/v1/models"),
    *("api/v1/models/<path:name>", "api/v1/credits", "api/v1/key", "api/v1/usage"),
    *("api/v1/v1/messages", "api/v1/v1/messages/count_tokens", "api/v1/v1/models"),
    "api/v1/v1/models/<path:name>",
}
"""What shows and changes what belongs to whoever asks."""

THEIRS = {
    "keys/<uuid:key_id>": "key",
    "keys/<uuid:key_id>/rotate": "key",
    "keys/<uuid:key_id>/revoke": "key",
    "usage/<str:public_id>": "call",
    "playground/calls/<str:name>": "call",
    "billing/orders/<uuid:order_id>": "order",
    "billing/orders/<uuid:order_id>/live": "order",
    "billing/receipts/<uuid:order_id>": "order",
    "billing/receipts/<uuid:order_id>/stripe": "order",
    "privacy/exports/<uuid:export>": "export",
    "account/avatar/<slug:digest>.webp": "avatar",
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": "factor",
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": "factor",
    "api/v1/requests/<str:public_id>": "call",
}
"""What names something that belongs to one person, and what it names."""

STAFF = {"staff/style"}
NOTHING = {"api/"}
"""Where the API says that there is nothing."""
SAMPLES = {
    **NO_ROW,
    "slug": "charges",
    "document": "privacy",
    "": "2026-03-20",
    "path": "echo",
}
"""What stands for a part of an address that names nobody's."""


def every() -> set[str]:
    """Return every address of the project, the admin's, too."""
    found = set(_walk(get_resolver().url_patterns, ""))
    found |= {f"api/{one.pattern}" for one in api_urls.urlpatterns}
    found |= {f"playground/{one.pattern}" for one in playground_urls.urlpatterns}
    return found | {path.removeprefix("/") for path in health.PATHS}


def is_admins(address: str) -> bool:
    """Say whether an address is the back office's."""
    return address.startswith("admin/")


def path_of(address: str, names: str = "") -> str:
    """Return a path to an address, with a name put in where one belongs."""

    def part(found: re.Match[str]) -> str:
        return names or SAMPLES[found[1] or ""]

    plain = re.sub(r"\(\?P<\w+>[^)]*\)", "0", address)
    plain = re.sub(r"<(?:(\w+):)?\w+>", part, plain)
    return "/" + re.sub(r"[\\^$]", "", plain)


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, path)
        else:
            yield path
