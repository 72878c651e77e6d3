"""The page of prices says what is charged, what levels change and what credits cost."""

import re
from html import unescape

from django.conf import settings
from django.test import Client, override_settings

from billing.models import VipBonus
from gateway import public_prices, snippets
from gateway.models import VipLevel
from gateway.pages import price_list
from gateway.public_prices import written
from tests.customers import Customer
from tests.models import add_model, add_provider
from tests.privacy.test_cookies import signed_in


def page() -> str:
    answer = Client().get("/pricing")
    assert answer.status_code == 200
    assert not answer.cookies
    return unescape(answer.content.decode())


def test_every_model_on_offer_has_its_four_prices_there(database: None) -> None:
    add_model("listed-price", add_provider("https://first.example/v1"))
    text = page()
    rows = dict(re.findall(r"<code>([^<]+)</code></span>(.*?)</tr>", text, re.DOTALL))
    listings = public_prices.listed()
    assert {listing.name for listing in listings} == set(rows)
    for listing in listings:
        shown = re.findall(r'<span class="number">([^<]+)</span>', rows[listing.name])
        prices = listing.prices
        four = (prices.input, prices.cache_read, prices.cache_write, prices.output)
        charged = four[:1] if snippets.only_embeds(listing.capabilities) else four
        assert shown == [written(price) for price in charged]


def test_levels_are_what_keys_and_purchases_get(database: None) -> None:
    VipBonus.objects.update_or_create(level=91, defaults={"percent": 13})
    levels = {level.level: level for level in price_list.levels()}
    assert (levels[0].percent, levels[0].minute_limit, levels[0].bonus) == (100, 60, 0)
    for row in VipLevel.objects.all():
        assert levels[row.level].percent == row.price_percent
        assert levels[row.level].day_limit == row.day_limit
    # A level of one table alone has of the other what the next lower one gives.
    below = VipLevel.objects.filter(level__lte=91).latest("level")
    assert (levels[91].percent, levels[91].bonus) == (below.price_percent, 13)
    text = page()
    assert "VIP 91" in text
    assert "13 % more credits" in text
    VipBonus.objects.filter(level=91).delete()


def test_billing_promises_no_more_of_refunds_than_the_price_list(customer: Customer) -> None:
    promise = re.search(r"Credits you bought and did not spend.*? go back with them\.", page())
    assert promise is not None
    assert "where the law or our terms say so" in promise[0]
    billing = unescape(signed_in(customer).get("/billing").content.decode())
    assert promise[0] in billing
    assert "can be refunded" not in billing


def test_packs_and_taxes_are_those_of_the_settings(database: None) -> None:
    assert "US$5<" in page()
    assert f"{settings.TOP_UP_PACKS[-1]} credits" in page()
    with override_settings(TOP_UP_PACKS=[7, 1_234], STRIPE_TAX=True, SIGNUP_CREDITS=3):
        text = page()
    assert "US$1,234" in text
    assert "7 credits" in text
    assert "US$5<" not in text
    assert "includes whatever tax applies" in text
    assert "3 credits to begin with" in text
    assert "includes whatever tax applies" not in page()
