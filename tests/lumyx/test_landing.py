"""The first page shows real prices, a real charge and how the promises really stand."""

import gzip
import re
from datetime import timedelta
from html import unescape
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import transaction
from django.test import Client
from django.utils import timezone

from billing.amounts import in_credits
from gateway import public_prices, snippets
from gateway.models import Model
from gateway.pricing import Prices, cost
from gateway.public_prices import written
from lumyx import pages
from privacy.conformance import clauses
from privacy.models import ProbeResult
from tests.models import add_model, add_provider


def landing() -> str:
    answer = Client().get("/")
    assert answer.status_code == 200
    assert not answer.cookies
    return unescape(answer.content.decode())


def test_a_stranger_sees_the_price_list_and_code_for_a_model_on_it(database: None) -> None:
    at = add_provider("https://first.example/v1")
    add_model("aa-first-of-all", at)
    vectors = add_model("aa-first-vectors", at, prices=Prices(20_000, 0, 0, 0))
    Model.objects.filter(pk=vectors.pk).update(capabilities=["embeddings"])
    text = landing()
    listings = public_prices.listed()
    assert f"{len(listings)} model" in text
    rows = dict(re.findall(r"</a> <code>([^<]+)</code></td>(.*?)</tr>", text, re.DOTALL))
    assert len(rows) == min(len(listings), pages.MODELS_SHOWN)
    for listing in listings:
        if listing.name in rows:
            assert written(listing.prices.input) in rows[listing.name]
            embeds = snippets.only_embeds(listing.capabilities)
            output = "none" if embeds else written(listing.prices.output)
            assert f">{output}</span>" in rows[listing.name].split('data-label="Output"')[1]
    coded = set(re.findall(r'"model": "([^"]+)"', text))
    assert coded
    assert coded <= {listing.name for listing in listings}


def test_the_receipt_is_worked_out_from_the_prices_of_its_model(database: None) -> None:
    add_model("aa-first-of-all-2", add_provider("https://first.example/v1"))
    text = landing()
    name = re.findall(r"</strong><code>([^<]+)</code>", text)[0]
    listing = next(one for one in public_prices.listed() if one.name == name)
    assert f'value="{in_credits(cost(pages.EXAMPLE, listing.prices))}"' in text
    assert "an example" in text


def test_the_promise_tells_how_many_are_kept_as_the_checks_found_it(database: None) -> None:
    found_at = timezone.now() - timedelta(minutes=2)
    with transaction.atomic():
        ProbeResult.objects.all().delete()
        text = landing()
        assert "The first look is still to come." in text
        assert text.count('<i data-state="not_checked_yet">') == len(clauses.CLAUSES)
        ProbeResult.objects.bulk_create(
            ProbeResult(
                clause=clause.id, ran_at=found_at, since=found_at, passed=n > 0, milliseconds=1
            )
            for n, clause in enumerate(clauses.CLAUSES)
        )
        text = landing()
        most = len(clauses.CLAUSES)
        assert f"<strong>{most - 1} of {most}</strong>" in text
        assert "1 was not." in text
        assert text.count('<i data-state="not_kept">') == 1
        assert "unlit" not in text
        ProbeResult.objects.filter(clause__in=[one.id for one in clauses.CLAUSES[1:3]]).update(
            passed=False, applies=False
        )
        text = landing()
        assert f"<strong>{most - 3} of {most - 2}</strong>" in text
        assert text.count('<i data-state="not_applicable_here">') == 2
        assert "2 unlit lamps, not counted: to be checked only where" in text
        assert f"{most - 3} of {most - 2} promises kept, 2 not counted; see each" in text
        ProbeResult.objects.update(ran_at=found_at - timedelta(hours=3))
        assert "may no longer be true" in landing()
        transaction.set_rollback(True)


def test_the_whole_page_weighs_little(database: None) -> None:
    text = Client().get("/").content
    assets = re.findall(r'(?:href|src)="/static/([^"]+)"', text.decode())
    styles = [name for name in assets if name.endswith(".css")]
    assert len(styles) == 5
    weight = len(gzip.compress(text))
    for name in {*assets, "lumyx/fonts/geist-mono-latin.woff2"}:
        path = finders.find(name)
        assert isinstance(path, str), name
        content = Path(path).read_bytes()
        weight += len(content) if name.endswith("woff2") else len(gzip.compress(content))
    assert weight <= 150_000


def test_whoever_shares_it_shares_what_it_says(database: None) -> None:
    text = landing()
    assert f'<link rel="canonical" href="{settings.PUBLIC_URL}/">' in text
    assert '<meta property="og:title" content="LumyxAI' in text
    assert '<meta property="og:description" content="AI models behind one API' in text
