"""The pages that the imitated NabzClan shows to people."""

import secrets
from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlsplit

from aiohttp import web

from lumyx.standins.nabzclan_people import Person
from lumyx.standins.nabzclan_requests import AuthorizeRequest

ASKS = {
    "identity": "your id, username and avatar",
    "email": "your email address",
    "vip": "your VIP level and when it ends",
}
CARRIED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "scope",
    "prompt",
    "max_age",
)
"""The parameters that go along with the person's choice."""
STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d5d5de, #3b3b47);
  --soft: light-dark(#5c5c6b, #a9a9b8); --raised: light-dark(#fff, #23232b);
  --accent: light-dark(#5b21b6, #c4b5fd) }
* { box-sizing: border-box }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif;
  background: light-dark(#f5f5f8, #17171c); color: light-dark(#1b1b22, #ececf2) }
main { max-width: 30rem; margin: 0 auto; padding: 2.5rem 1rem }
.brand { color: var(--accent); font-weight: 600; margin: 0 }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .25rem 0 1rem }
.asks { color: var(--soft); margin: 0 0 1.5rem; padding-left: 1.25rem }
.people { list-style: none; margin: 0 0 1rem; padding: 0; display: grid; gap: .5rem }
button { font: inherit; color: inherit; width: 100%; min-height: 3rem; cursor: pointer;
  border: 1px solid var(--line); border-radius: .625rem; background: var(--raised);
  padding: .5rem .75rem }
button:hover { border-color: var(--accent) }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.person { display: flex; align-items: center; gap: .75rem; text-align: left }
.person img { width: 2.5rem; height: 2.5rem; border-radius: 50%; flex: none }
.name { font-weight: 600; flex: 1; min-width: 0; overflow-wrap: anywhere }
.label { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem }
.label, .vip { color: var(--soft); font-size: .875rem; white-space: nowrap }
.refuse { background: none }
"""


def consent(
    asked: AuthorizeRequest, parameters: Mapping[str, str], people: Iterable[Person]
) -> web.Response:
    """Ask who signs in, and whether they consent."""
    asks = "".join(f"<li>{escape(ASKS[scope])}</li>" for scope in asked.scope)
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parameters.items()
        if name in CARRIED
    )
    buttons = "".join(f"<li>{_button(person)}</li>" for person in people)
    content = f"""
<h1>LumyxAI wants to sign you in</h1>
<p>It asks for:</p>
<ul class="asks">{asks}</ul>
<form method="post" action="/oauth/authorize">{hidden}
<ul class="people" aria-label="Continue as">{buttons}</ul>
<button class="refuse" name="refuse" value="1">Refuse</button>
</form>"""
    parts = urlsplit(asked.redirect_uri)
    # Chromium holds the redirect that answers a form to form-action, too.
    return _page("Sign in to LumyxAI", content, targets=f"'self' {parts.scheme}://{parts.netloc}")


def refusal(reason: str) -> web.Response:
    """Say what is wrong with a request that nobody may be redirected for."""
    content = f"<h1>This request cannot be trusted</h1><p>{escape(reason)}</p>"
    return _page("Error", content, status=400)


def _button(person: Person) -> str:
    label = f'<span class="label">{escape(person.label)}</span>' if person.label else ""
    level = "No VIP" if person.vip is None else f"VIP {person.vip}"
    return (
        f'<button class="person" name="person" value="{person.id}">'
        f'<img src="/avatars/{person.id}.png" alt="" width="40" height="40" loading="lazy"> '
        f'<span class="name">{escape(person.name)}</span> {label} '
        f'<span class="vip">{level}</span></button>'
    )


def _page(title: str, content: str, *, status: int = 200, targets: str = "'none'") -> web.Response:
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self' data:; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} – NabzClan (imitation)</title>
<link rel="icon" href="data:,">
<style nonce="{nonce}">{STYLE}</style>
</head>
<body>
<main>
<p class="brand">NabzClan (imitation)</p>
{content}
</main>
</body>
</html>
"""
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
