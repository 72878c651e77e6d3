"""Everybody finds each of their own calls on the website, and sees its charge add up."""

import csv
import html
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.utils import timezone

from billing.amounts import in_credits
from gateway import calls, ids, keys
from gateway.pages import usage as usage_pages
from gateway.tallies import Book, Budget, total
from gateway.usage import Query, read_cursor
from tests.calls import ID_AT, add_call
from tests.customers import Customer, visit
from tests.models import PRICES

DAY = timedelta(days=1)
USED = {"input_tokens": 7, "cache_read_tokens": 3, "output_tokens": 5, "reasoning_tokens": 2}
PAID = {f"{name}_price": getattr(PRICES, name) for name in PRICES.__struct_fields__}


def listed(page: Any) -> list[str]:
    """Return the request ids on a page, in their order."""
    return re.findall(r'id="row-(req_[0-9a-f]+)"', page.content.decode())


def every_page(client: Client, path: str) -> list[str]:
    """Return the request ids of a page and of all older ones."""
    found: list[str] = []
    while path:
        page = client.get(path)
        assert page.status_code == 200
        found += listed(page)
        older = re.search(r'href="(/usage\?[^"]*cursor=[^"]+)"', page.content.decode())
        path = html.unescape(older[1]) if older else ""
    return found


def whole_page(client: Client, path: str) -> str:
    """Return a page once a single look suffices for it: a busy machine's may end too soon."""
    for _ in range(100):
        text = client.get(path).content.decode()
        if 'id="looking"' not in text:
            return text
    raise AssertionError(text)


def added_up(client: Client, query: dict[str, str]) -> str:
    """Return the totals once they are whole, as the page asks for them again and again."""
    for _ in range(100):
        text = client.get("/usage/totals", query).content.decode()
        if "Adding up" not in text:
            return text
    raise AssertionError(text)


def public(id: UUID) -> str:
    return ids.public(id.hex)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add everything up at once, however busy the machine is."""
    monkeypatch.setattr(usage_pages, "TOTALS_AT_ONCE", 5)
    monkeypatch.setattr(usage_pages, "TOTALS_LATER", 5)


def test_pages_follow_each_other_and_leave_nothing_out(customer: Customer) -> None:
    now = timezone.now()
    made = [public(add_call(customer, at=now - n * timedelta(hours=6))) for n in range(101)]
    assert every_page(visit(customer), "/usage") == made


def test_filters_narrow_the_list_and_the_totals_alike(customer: Customer) -> None:
    now = timezone.now()
    other, _ = keys.issue(customer.user, name="Server")
    calls_made: dict[str, dict[str, Any]] = {
        "plain": {"at": now, "charge": 3, "input_tokens": 10},
        "rare": {"at": now - 9 * DAY, "model": "rare", "charge": 5},
        "rare too": {"at": now - 20 * DAY, "model": "rare", "key_id": other.pk, "charge": 70},
        "failed": {"at": now - 9 * DAY, "status": 502, "charge_basis": "nothing"},
        "limited": {"at": now - 2 * DAY, "status": 429, "charge_basis": "rejected"},
        "streamed": {"at": now - 2 * DAY, "streamed": True, "endpoint": "messages"},
    }
    made = {name: public(add_call(customer, **columns)) for name, columns in calls_made.items()}
    client = visit(customer)

    def found(**query: str) -> set[str]:
        listed = every_page(client, f"/usage?{urlencode(query)}")
        wanted = {name for name, id in made.items() if id in listed}
        sums = added_up(client, query)
        count = re.search(r"<dt>Calls</dt><dd>(\d+)", sums)
        assert count is not None, sums
        assert int(count[1]) == len(wanted)
        return wanted

    for _ in range(2):  # added up anew, then as kept
        assert found() == set(made)
        assert found(model="rare") == {"rare", "rare too"}
        assert found(model="rare", key=str(other.pk)) == {"rare too"}
        assert found(key=other.pk.hex) == {"rare too"}
        assert found(status="error") == {"failed", "limited"}
        assert found(status="5xx") == found(status="502") == {"failed"}
        assert found(status="2xx", streamed="true") == {"streamed"}
        assert found(endpoint="messages") == {"streamed"}
        assert found(charge_basis="rejected") == {"limited"}
        assert found(range="24h") == {"plain"}
        assert found(range="7d", status="error") == {"limited"}
        day = f"{now - 9 * DAY:%Y-%m-%d}"
        assert found(**{"from": day, "to": day}) == {"rare", "failed"}
        minute = f"{now - 9 * DAY:%Y-%m-%dT%H:%M}"
        assert found(**{"from": minute, "to": minute}) == {"rare", "failed"}
        assert found(model="nope") == set()
    assert "Nothing fits" in whole_page(client, "/usage?model=nope")
    assert f'value="{in_credits(75)}"' in added_up(client, {"model": "rare"})


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("status=maybe", 400), ("from=yesterday", 400), ("key=x", 400), ("streamed=x", 400),
        ("from=9999-12-31&to=9999-12-31", 200), ("from=0001-01-01", 200), ("model=%00", 400),
        ("cursor=x", 404), ("cursor=________________________________", 404),
    ],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_said_to_and_shows_nothing(
    customer: Customer, query: str, status: int
) -> None:
    add_call(customer, at=timezone.now())
    client = visit(customer)
    page = client.get(f"/usage?{query}")
    assert page.status_code == status
    if status == 400:
        assert listed(page) == []
        assert "This filter makes no sense" in page.content.decode()
        assert "/usage/calls.csv" not in page.content.decode()
        assert client.get(f"/usage/calls.csv?{query}").status_code == 400


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-11-02&to=2026-11-01", "This is before “From”, so no call can fit."),
        ("from=2026-11-02T09:31&to=2026-11-02T09:30", "This is before “From”"),
        ("from=yesterday", "This is no day and time. Choose both"),
        ("to=2026-13-01", "This is no day and time. Choose both"),
        ("status=maybe", "This is not on offer. Choose from the list."),
        ("range=1y", "This is not on offer. Choose from the list."),
        ("key=x", "This is not on offer. Choose from the list."),
    ],
)
def test_a_filter_that_makes_no_sense_is_marked_in_our_own_words(
    customer: Customer, query: str, words: str
) -> None:
    page = visit(customer).get(f"/usage?{query}")
    assert page.status_code == 400
    said = page.content.decode()
    assert said.count('class="error"') == said.count(words) == 1
    assert not re.search(r"Enter a valid|Select a valid", said)


@pytest.mark.parametrize(
    ("query", "status"),
    [("from=2026-11-01&to=2026-11-02", 200), ("from=2026-11-26&to=2026-11-20", 400)],
)
def test_days_of_an_address_stand_in_their_fields(
    customer: Customer, query: str, status: int
) -> None:
    add_call(customer, at=timezone.now())
    page = visit(customer).get(f"/usage?{query}")
    assert page.status_code == status
    begin, end = (day.partition("=")[2] for day in query.split("&"))
    shown = re.findall(r'<input type="datetime-local" name="(\w+)" value="([^"]+)"', page.text)
    assert shown == [("from", f"{begin}T00:00"), ("to", f"{end}T23:59")]


@pytest.mark.parametrize(
    "query", ["from=2026-11-02T09:30&to=2026-11-02", "from=2026-11-02T09:30&to=2026-11-02T09:30"]
)
def test_a_time_ends_with_its_last_day_or_minute(customer: Customer, query: str) -> None:
    assert visit(customer).get(f"/usage?{query}").status_code == 200


def test_a_search_whose_time_is_over_says_how_far_it_looked_and_goes_on(customer: Customer) -> None:
    now = timezone.now()
    made = [add_call(customer, at=now - n * DAY, model="rare") for n in range(2, 12, 3)]
    query = Query(start=now - 30 * DAY, end=now, model="rare")
    seen, looks = [], 0
    while True:
        book = Book(customer.account, [])
        found = calls.search(book, query, seconds=-1)
        seen += [call["id"] for call in found.calls]
        looks += 1
        if not found.older:
            break
        assert found.reached is not None
        query = Query(start=query.start, end=now, model="rare", after=read_cursor(found.older))
    assert seen == [public(id) for id in made]
    assert looks > len(made)


def test_adding_up_ends_however_little_time_each_look_has(customer: Customer) -> None:
    now = datetime.now(UTC)
    for n in range(6):
        add_call(customer, at=now - n * DAY, charge=1, streamed=bool(n % 2))
    for query in (
        Query(start=now - 30 * DAY, end=now + DAY),
        Query(start=now - 30 * DAY, end=now + DAY, model="echo", streamed=True),
    ):
        looks = 0
        while looks < 100:
            found = calls.totals(Book(customer.account, [], now=now), query, seconds=-1)
            looks += 1
            if found.whole:
                break
        assert looks > 1
        assert found.tally.calls == found.tally.charge == (3 if query.streamed else 6)


COPIES = """
insert into gateway_requestlog ({columns})
select {values} from gateway_requestlog, generate_series(1, %s) where account_id = %s
"""


def copy_call(customer: Customer, times: int) -> None:
    """Write a customer's only call again and again, with ids of their own and of its time."""
    id_then = ID_AT.format(at="extract(epoch from started_at) * 1000")
    with connection.cursor() as cursor:
        cursor.execute("select * from gateway_requestlog limit 0")
        columns = [column.name for column in cursor.description]
        values = [id_then if name == "id" else name for name in columns]
        statement = COPIES.format(columns=", ".join(columns), values=", ".join(values))
        cursor.execute(statement, [times, customer.account.pk])


@pytest.mark.parametrize("wait", ["", "&wait=1"], ids=["with JavaScript", "without"])
def test_a_page_does_not_wait_for_the_sum_of_a_long_day(customer: Customer, wait: str) -> None:
    day = datetime.now(UTC) - 5 * DAY
    add_call(customer, at=day, charge=2)
    copy_call(customer, 5_000)
    address = f"/usage?from={day:%Y-%m-%d}&to={day:%Y-%m-%d}"
    page = visit(customer).get(address + wait).content.decode()
    assert len(re.findall(r'id="row-', page)) == 50
    assert ("<dd>–</dd>" in page) != bool(wait)
    assert ("<dd>5,001</dd>" in page) == bool(wait)
    query = {"from": f"{day:%Y-%m-%d}", "to": f"{day:%Y-%m-%d}"}
    assert "<dd>5,001</dd>" in added_up(visit(customer), query)
    assert "<dd>5,001</dd>" in visit(customer).get(address).content.decode()


def test_nobody_reaches_anothers_calls_by_id_filter_page_or_download(
    customer: Customer,
    new_customer: Callable[..., Customer],
) -> None:
    id = public(add_call(customer, at=timezone.now(), model="a-secret-model"))
    stranger = new_customer()
    add_call(stranger, at=timezone.now())
    client = visit(stranger)
    assert client.get(f"/usage/{id}").status_code == 404
    paths = (
        "/usage",
        "/usage/new",
        "/usage/more",
        "/usage/totals",
        "/dashboard",
        "/dashboard/live",
    )
    for path in (*paths, "/usage/calls.csv", "/usage/calls.json", "/usage?model=a-secret-model"):
        answer = client.get(path)
        text = whole(answer).decode()
        assert id not in text, path
        assert "a-secret-model" not in text.replace('value="a-secret-model" selected', "").replace(
            ">a-secret-model</option>", ""
        ).replace("model=a-secret-model", ""), path
    # A filter by the other's key is no filter of one's own.
    assert client.get(f"/usage?key={customer.key_row.pk}").status_code == 400
    assert client.get(f"/usage/calls.json?key={customer.key_row.pk}").status_code == 400


def whole(answer: Any) -> bytes:
    """Return all of an answer, streamed ones too."""
    if not answer.streaming:
        content: bytes = answer.content
        return content

    async def read() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    return async_to_sync(read)()


@pytest.mark.parametrize(
    "path", ["/usage", "/usage/new", "/usage/totals", "/usage/calls.csv", "/usage/req_x"]
)
def test_strangers_are_asked_to_sign_in(database: None, path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in")


def test_downloads_hold_every_call_of_the_filter_and_no_formula(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "CHUNK", 3)
    keys.configure(customer.key_row, name="=HYPERLINK(1)")
    now = timezone.now()
    made = [
        public(add_call(customer, at=now - n * timedelta(hours=5), charge=n, **USED, **PAID))
        for n in range(12)
    ]
    add_call(customer, at=now, model="other")
    client = visit(customer)
    query = urlencode({"model": "echo"})
    answer = client.get(f"/usage/calls.csv?{query}")
    assert "no-store" in answer["Cache-Control"]
    rows = list(csv.DictReader(io.StringIO(whole(answer).decode())))
    assert [row["request id"] for row in rows] == made
    assert rows[11]["charge (credits)"] == "0.000011"
    assert rows[0]["key"] == "'=HYPERLINK(1)"
    assert (rows[0]["input tokens"], rows[0]["output price"]) == ("7", "8")
    told = json.loads(whole(client.get(f"/usage/calls.json?{query}")))
    assert [call["id"] for call in told["data"]] == made
    assert told["data"][3]["charge_micro"] == 3
    assert json.loads(whole(client.get("/usage/calls.json?model=nope")))["data"] == []


def test_downloads_cannot_be_asked_for_without_end(customer: Customer) -> None:
    client = visit(customer)
    statuses = [client.get("/usage/calls.csv").status_code for _ in range(62)]
    assert statuses == [200] * 60 + [429] * 2


def test_the_first_page_is_drawn_anew_only_where_it_changed(
    customer: Customer, unhurried: None
) -> None:
    add_call(customer, at=timezone.now() - DAY)
    client = visit(customer)
    page = client.get("/usage").content.decode()
    again = re.search(r'hx-get="(/usage/new\?seen=[0-9a-f]+)"', page)
    assert again is not None
    assert client.get(again[1]).status_code == 204
    id = public(add_call(customer, at=timezone.now()))
    fresh = client.get(again[1])
    assert listed(fresh)[0] == id
    assert b"<html" not in fresh.content
    # With the new row comes what the rows add up to, in its own place.
    assert re.search(rb'id="totals"[^>]*hx-swap-oob="true"', fresh.content)
    assert b"<dt>Calls</dt><dd>2</dd>" in fresh.content
    assert b"hx-swap-oob" not in client.get("/usage").content
    assert b"/usage/new" not in client.get("/usage?range=7d").content


def test_totals_follow_a_call_that_the_first_page_has_no_room_for(
    customer: Customer, unhurried: None
) -> None:
    now = timezone.now()
    for n in range(50):
        add_call(customer, at=now - n * timedelta(milliseconds=1))
    client = visit(customer)
    again = re.search(
        r'hx-get="(/usage/new\?seen=[0-9a-f]+)"', client.get("/usage").content.decode()
    )
    assert again is not None
    assert client.get(again[1]).status_code == 204
    # It began earlier than all of them, and ended later.
    add_call(customer, at=now - timedelta(seconds=1))
    assert b"<dt>Calls</dt><dd>51</dd>" in client.get(again[1]).content


def test_a_key_that_keeps_fewer_days_is_named(customer: Customer) -> None:
    client = visit(customer)
    assert "No calls yet" in client.get("/usage").content.decode()
    keys.configure(customer.key_row, name="Quiet one", log_days=0)
    assert "Quiet one</strong> keeps no log" in client.get("/usage").content.decode()


def test_what_is_kept_added_up_is_what_the_log_holds(customer: Customer) -> None:
    now = datetime.now(UTC)
    for n in range(40):
        add_call(
            customer, at=now - n * timedelta(hours=11), charge=n, status=200 + 300 * (n % 7 == 0),
            model=f"m{n % 3}", **USED,
        )  # fmt: skip
    for _ in range(2):
        book = Book(customer.account, [], now=now)
        units = book.units(now - 30 * DAY, now + DAY)
        summaries = book.summaries(units, Budget(5))
        assert len(summaries) == len(units)
        for name in ("model", "key_id", "endpoint", "status", "streamed", "charge_basis"):
            tallies = [tally for summary in summaries for tally in summary[name].values()]
            assert sum(tally.calls for tally in tallies) == 40
            assert sum(tally.charge for tally in tallies) == sum(range(40))
        assert sum(total(summary).errors for summary in summaries) == 6
        assert sum(total(summary).tokens_in for summary in summaries) == 400
