"""The pages that the imitated Stripe shows to payers."""

from html import escape

from aiohttp import web

from lumyx.standins.stripe.store import Thing

STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f4f5f8,#15161b)}
main{width:min(25rem,calc(100vw - 2rem));box-sizing:border-box;padding:1.75rem;border-radius:14px;
background:light-dark(#fff,#1f2128);box-shadow:0 1px 2px #0002,0 8px 28px #0001}
h1{font-size:2rem;margin:.1rem 0 1rem;font-variant-numeric:tabular-nums}p{margin:.3rem 0}
.quiet{color:light-dark(#626674,#9da1ae);font-size:.9rem}
.bad{padding:.6rem .8rem;border-radius:8px;background:light-dark(#fdeceb,#45211f)}
form{display:grid;grid-template-columns:minmax(0,1fr);gap:.6rem;margin:1.2rem 0}
select{width:100%;min-width:0}label{min-width:0}
button,select{font:inherit;padding:.65rem .9rem;border-radius:8px;border:1px solid #8886;
background:transparent;color:inherit;cursor:pointer}
button.main{background:#635bff;border-color:#635bff;color:#fff;font-weight:600}
label{display:grid;gap:.25rem;font-size:.9rem}a{color:light-dark(#4b44d6,#a5a0ff)}
"""
CARDS = {
    "works": "4242 4242 4242 4242 (works)",
    "authenticate-later": "4000 0027 6000 3184 (asks for its owner later)",
    "declines-later": "4000 0000 0000 0341 (declines later)",
}


def pay(session: Thing, words: str, trouble: str = "") -> web.Response:
    """Show what is to be paid, and the ways it can go."""
    setup = session["mode"] == "setup"
    title = "Save a card" if setup else dollars(session["amount_total"])
    options = "".join(f'<option value="{k}">{escape(v)}</option>' for k, v in CARDS.items())
    alert = f'<p class="bad" role="alert">{escape(trouble)}</p>' if trouble else ""
    act = "Save card" if setup else f"Pay {title}"
    back = session["cancel_url"]
    link = f'<p><a href="{escape(back)}">Back to the shop</a></p>' if back else ""
    return page(
        title,
        f"""<p class="quiet">{escape(words)}</p><h1>{title}</h1>{alert}
<form method="post"><label>Card<select name="card">{options}</select></label>
<button class="main" name="outcome" value="succeed">{act}</button>
<button name="outcome" value="authenticate">With a card that asks for its owner</button>
<button name="outcome" value="decline">With a card that is declined</button></form>{link}""",
    )


def authenticate(card: str) -> web.Response:
    """Ask the card's owner to confirm."""
    return page(
        "Confirm the payment",
        f"""<p class="quiet">Your bank asks: is it you?</p><h1>Confirm</h1>
<form method="post"><input type="hidden" name="card" value="{escape(card)}">
<button class="main" name="outcome" value="succeed">Yes, it is me</button>
<button name="outcome" value="decline">No</button></form>""",
    )


def portal(session: Thing, cards: list[Thing]) -> web.Response:
    """Show somebody's cards."""
    rows = "".join(
        f"""<form method="post"><input type="hidden" name="card" value="{escape(card["id"])}">
<p>Visa ending in {escape(card["card"]["last4"])}</p><button>Remove it</button></form>"""
        for card in cards
    )
    back = session["return_url"]
    link = f'<p><a href="{escape(back)}">Back to the shop</a></p>' if back else ""
    return page("Your cards", f"<h1>Your cards</h1>{rows or '<p>None is saved.</p>'}{link}")


def note(title: str, text: str, *, status: int = 200) -> web.Response:
    """Show a page with nothing to do on it."""
    return page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>", status=status)


def page(title: str, content: str, *, status: int = 200) -> web.Response:
    """Return a page."""
    head = f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    mark = '<p class="quiet">This imitates Stripe. No money moves.</p>'
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8">{head}<style>{STYLE}</style>'
        f"<main>{mark}{content}</main></html>"
    )
    return web.Response(
        text=text, content_type="text/html", status=status, headers={"Cache-Control": "no-store"}
    )


def dollars(cents: int) -> str:
    """Write cents as dollars."""
    return f"${cents // 100:,}.{cents % 100:02d}"
