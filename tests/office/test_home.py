"""Home shows each role how things stand, and nothing that it may not open."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import roles
from accounts.models import User
from billing import ledger
from billing.models import (
    MICRO,
    Difference,
    LedgerCheck,
    LedgerKind,
    Reconciliation,
    StripeEvent,
)
from gateway import hourly_use, partitions, queue
from gateway.models import HourlyUse, JobRun, Provider, ProviderCheck, RequestLog
from lumyx.office.home.page import SECTIONS
from lumyx.office.home.tile import Tile, dollars, hundredths, lasting, percent
from privacy import data_requests
from privacy.models import DataRequest, RequestKind
from tests.calls import add_call
from tests.customers import Customer
from tests.shop import StripeProcess, bought, settle_events
from tests.staff import staff_client

HOME = "/admin/"
MOST_QUERIES = 45
SUPERVISED = "a superuser"


@pytest.fixture(scope="module")
def boss(database: None) -> Client:
    return staff_client(superuser=True)


def tiles(client: Client) -> dict[str, Tile]:
    """Return Home's tiles by their labels, each of which stands on the page."""
    answer = client.get(HOME)
    assert answer.status_code == 200
    text = answer.content.decode()
    found = {tile.label: tile for _, tiles in answer.context["sections"] for tile in tiles}
    for tile in found.values():
        assert f">{tile.label}<" in text
        assert str(tile.figure) in text
    return found


def number(text: str) -> float:
    """Return the first number of a figure."""
    found = re.search(r"[−-]?[\d,]+(?:\.\d+)?", re.sub("<[^>]*>", "", text).replace("$", ""))
    assert found is not None, text
    return float(found[0].replace(",", "").replace("−", "-"))


def paid(account: int, cents: int, kind: LedgerKind = LedgerKind.TOP_UP) -> None:
    reference = f"home {kind} {account} {timezone.now().timestamp()}"
    ledger.post(account=account, kind=kind, amount=cents * 10_000, reference=reference)


def test_revenue_is_purchases_less_refunds(boss: Client, customer: Customer) -> None:
    before = tiles(boss)
    paid(customer.account.pk, 12_345)
    paid(customer.account.pk, -345, LedgerKind.REFUND)
    after = tiles(boss)
    month = f"Revenue in {datetime.now(UTC):%B}"
    for label in ("Revenue today", month):
        assert number(after[label].figure) - number(before[label].figure) == pytest.approx(120)
        assert number(after[label].note) - number(before[label].note) == pytest.approx(123.45)


def test_a_purchase_at_stripe_is_revenue(
    boss: Client, stripe: StripeProcess, customer: Customer
) -> None:
    before = number(tiles(boss)["Revenue today"].figure)
    bought(stripe, customer.account, cents=2_000)
    settle_events()
    assert number(tiles(boss)["Revenue today"].figure) - before == pytest.approx(20)


def test_what_customers_have_is_outstanding(boss: Client, customer: Customer) -> None:
    before = tiles(boss)["Credits outstanding"]
    ledger.post(
        account=customer.account.pk,
        kind=LedgerKind.GRANT,
        amount=7 * MICRO,
        reference=f"home {customer.account.pk}",
        bonus=True,
    )
    after = tiles(boss)["Credits outstanding"]
    assert number(after.figure) - number(before.figure) == pytest.approx(7)
    assert number(after.note) - number(before.note) == pytest.approx(7)


def test_calls_are_counted_as_soon_as_they_are_added_up(boss: Client, customer: Customer) -> None:
    hourly_use.add_up_latest()
    before = tiles(boss)
    now = timezone.now()
    for status in (200, 200, 429, 502):
        add_call(customer, at=now, status=status, latency_ms=700)
    hourly_use.add_up_latest()
    after = tiles(boss)
    requests = (before["Requests, 24 h"], after["Requests, 24 h"])
    assert number(requests[1].figure) - number(requests[0].figure) == 4
    assert number(requests[1].note) - number(requests[0].note) == 4
    refused = [one["Error rate, 24 h"].note.rpartition(": ")[2] for one in (before, after)]
    assert number(refused[1]) - number(refused[0]) == 1
    assert number(after["Error rate, 24 h"].figure) > 0
    assert " ms" in after["p95 latency, 24 h"].figure


@pytest.fixture
def busy(customer: Customer) -> Iterator[str]:
    """The name of a provider and a model that everything was spent on."""
    hour = hourly_use.hour_of(timezone.now())
    row = HourlyUse.objects.create(
        hour=hour,
        model=f"home-{customer.account.pk}",
        provider=f"home-{customer.account.pk}",
        calls=10,
        refused=1,
        failed=2,
        tokens_in=1_000,
        tokens_out=500,
        charge=9_000_000 * MICRO,
        cost=3_000_000 * MICRO,
        costed=6_000_000 * MICRO,
        latencies={"70": 8},
    )
    yield row.model
    row.delete()


def test_spend_and_margin_stand_by_model_and_by_provider(boss: Client, busy: str) -> None:
    answer = boss.get(HOME)
    tables = dict(answer.context["tables"])
    assert set(tables) == {"model", "provider"}
    for rows in tables.values():
        assert rows[0].name == busy
        assert [re.sub("<[^>]*>", "", cell) for cell in rows[0].cells] == [
            *("10", "2", "9,000,000.00", "$3,000,000.00", "$3,000,000.00"),
        ]
        assert rows[0].margin == "50.0 %"
        assert rows[-1].spending.calls >= 10
        assert boss.get(rows[0].href).context["cl"].result_count == 1
    assert "Of some calls it is not known" in answer.content.decode()


def test_a_model_that_is_sold_below_cost_is_said_to_be(boss: Client, busy: str) -> None:
    HourlyUse.objects.filter(model=busy).update(cost=7_000_000 * MICRO)
    text = boss.get(HOME).content.decode()
    assert "−16.7 %, below cost" in text


def test_the_last_check_of_the_ledger_and_of_stripe_is_shown(boss: Client) -> None:
    now = timezone.now()
    soon = {"began_at": now + timedelta(seconds=1), "ended_at": now + timedelta(seconds=2)}
    look = LedgerCheck.objects.create(**soon)
    compared = Reconciliation.objects.create(payments=3, **soon)
    try:
        found = tiles(boss)
        assert found["Ledger invariants"].figure == "All hold"
        assert (found["Reconciliation"].figure, found["Reconciliation"].state) == ("Agrees", "good")
        LedgerCheck.objects.filter(pk=look.pk).update(broken=["nothing negative is held"])
        Difference.objects.create(
            reconciliation=compared, payment="pi_home", at_stripe=1, in_ledger=2
        )
        found = tiles(boss)
        assert (found["Ledger invariants"].figure, found["Ledger invariants"].state) == (
            "1 broken",
            "bad",
        )
        assert found["Reconciliation"].figure == "1 difference"
        assert found["Reconciliation"].calls_for_somebody
    finally:
        look.delete()
        compared.delete()


def test_a_check_that_nobody_did_for_two_days_is_overdue(boss: Client) -> None:
    LedgerCheck.objects.all().delete()
    Reconciliation.objects.all().delete()
    assert tiles(boss)["Ledger invariants"].figure == "Not checked yet"
    old = timezone.now() - timedelta(days=2)
    look = LedgerCheck.objects.create(began_at=old, ended_at=old)
    compared = Reconciliation.objects.create(began_at=old, ended_at=old)
    for label in ("Ledger invariants", "Reconciliation"):
        tile = tiles(boss)[label]
        assert tile.state == "warn"
        assert "overdue" in tile.note
    look.delete()
    compared.delete()


def test_stripes_events_that_fail_are_seen_and_listed(boss: Client) -> None:
    before = number(tiles(boss)["Stripe’s events"].note)
    event = StripeEvent.objects.create(
        id="evt_home",
        type="x",
        created_at=timezone.now(),
        tries=3,
        next_try_at=timezone.now() + timedelta(days=1),
    )
    try:
        tile = tiles(boss)["Stripe’s events"]
        assert number(tile.note) - before == 1
        assert tile.state in ("warn", "bad")
        assert "evt_home" in boss.get(tile.href).content.decode()
    finally:
        event.delete()


def test_the_nearest_deadline_of_a_privacy_request_is_shown(boss: Client) -> None:
    now = timezone.now()
    # Other tests leave requests open.
    DataRequest.objects.filter(state="open").update(state="done", closed_at=now)
    assert tiles(boss)["Privacy requests"].figure == "None open"
    data_requests.open_request(RequestKind.QUESTION, "?", email="a@example.com", now=now)
    urgent = data_requests.open_request(
        RequestKind.ACCESS, "?", email="b@example.com", now=now - timedelta(days=26)
    )
    tile = tiles(boss)["Privacy requests"]
    assert (tile.figure, tile.state) == ("2 open", "warn")
    assert tile.note.replace("\xa0", " ") in ("3 days left of the nearest deadline",)
    DataRequest.objects.filter(pk=urgent.pk).update(due_at=now - timedelta(days=1, hours=1))
    tile = tiles(boss)["Privacy requests"]
    assert tile.note.replace("\xa0", " ") == "overdue by 1 day"
    assert tile.state == "bad"


def test_providers_and_what_runs_by_itself_are_shown(
    boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ill = Provider.objects.create(
        name="home-ill", base_url="https://ill.example.com/v1", unreachable_since=timezone.now()
    )
    ProviderCheck.objects.create(provider=ill, reachable=False, reason="timeout")
    JobRun.objects.update_or_create(
        task="billing.tasks.sweep_holds", defaults={"begun_at": timezone.now()}
    )
    try:
        found = tiles(boss)
        assert "home-ill: unreachable" in found["Providers reachable"].note
        assert found["Providers reachable"].state == "bad"
        assert (found["Beat"].figure, found["Beat"].state) == ("Alive", "good")
        JobRun.objects.update(begun_at=timezone.now() - timedelta(hours=1))
        found = tiles(boss)
        assert found["Beat"].figure.replace("\xa0", " ") == "Silent for 1 hour"
        assert found["Beat"].state == "bad"
    finally:
        ill.delete()
        JobRun.objects.all().delete()


def test_tasks_that_no_worker_took_are_counted(
    boss: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A list of this test's own: a worker of another might take what is in the real one.
    monkeypatch.setattr(queue, "NAME", "home-queue")
    with queue.connect() as client:
        client.rpush(queue.NAME, *range(150))
        try:
            tile = tiles(boss)["Queue"]
        finally:
            client.delete(queue.NAME)
    assert (tile.figure, tile.state) == ("150 tasks", "warn")


def test_the_age_of_the_oldest_logged_call_is_judged_by_the_promise(
    boss: Client, customer: Customer
) -> None:
    partitions.drop_older()
    add_call(customer, at=hourly_use.log_begins(timezone.now()), provider="home-oldest")
    tile = tiles(boss)["Oldest logged call"]
    assert number(tile.figure) in (28, 29)
    assert " days " in tile.figure
    assert tile.note == "promised: less than 30 days"
    RequestLog.objects.filter(provider="home-oldest").delete()


@pytest.mark.parametrize("role", [*sorted(roles.ROLES), SUPERVISED])
def test_every_tile_of_a_role_leads_where_it_may_go(database: None, role: str) -> None:
    client = staff_client(superuser=True) if role == SUPERVISED else staff_client([role])
    found = tiles(client)
    assert found
    assert {label: client.get(tile.href).status_code for label, tile in found.items()} == (
        dict.fromkeys(found, 200)
    )


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_no_role_sees_a_figure_beyond_its_permissions(database: None, role: str) -> None:
    client = staff_client([role])
    user = User.objects.get(pk=client.session["_auth_user_id"])
    shown = set(tiles(client))
    now = timezone.now()
    for parts in SECTIONS.values():
        for make, asked in parts:
            labels = {tile.label for tile in make(now)}
            assert labels <= shown if user.has_perms(asked) else not labels & shown, asked


SEEN = {
    "finance": ("Revenue today", "Credits outstanding", "Margin, 30 days", "Reconciliation"),
    "operator": ("Requests, 24 h", "Queue", "Beat", "Providers reachable", "Margin, 30 days"),
    "privacy officer": ("Privacy requests", "Oldest logged call", "Requests, 24 h"),
    "support": ("Requests, 24 h", "Error rate, 24 h"),
}
UNSEEN = {
    "finance": ("Requests, 24 h", "Queue", "Privacy requests"),
    "operator": ("Revenue today", "Credits outstanding", "Reconciliation", "Privacy requests"),
    "privacy officer": ("Revenue today", "Credits outstanding", "Margin, 30 days", "Queue"),
    "support": ("Revenue today", "Credits outstanding", "Margin, 30 days", "Privacy requests"),
}


@pytest.mark.parametrize("role", sorted(roles.ROLES))
def test_each_role_has_its_own_home(database: None, role: str, busy: str) -> None:
    client = staff_client([role])
    shown = set(tiles(client))
    assert set(SEEN[role]) <= shown
    assert not set(UNSEEN[role]) & shown
    text = client.get(HOME).content.decode()
    assert ("Spend and margin by model" in text) == (role in ("finance", "operator"))
    assert (busy in text) == (role in ("finance", "operator"))
    assert ("Requests and errors by hour" in text) == (role != "finance")
    assert ("Revenue" in text) == (role == "finance")


def test_charts_begin_at_zero_and_have_a_table(boss: Client, busy: str) -> None:
    answer = boss.get(HOME)
    drawn = answer.context["charts"]
    assert [chart.title for chart in drawn] == [
        "Requests and errors by hour",
        "Revenue and spend by day",
    ]
    text = answer.content.decode()
    assert text.count('class="chart"') == text.count("Show the numbers as a table") == 2
    for chart in drawn:
        assert '"beginAtZero": true' in chart.options
    calls, money = (chart.rows for chart in drawn)
    assert len(calls) == 24
    assert [number(cell) >= least for cell, least in zip(calls[0][1], (7, 1, 2), strict=True)] == (
        [True] * 3
    )
    assert len(money) in (29, 30)
    assert number(money[0][1][1]) >= 9_000_000
    assert "$9,0" in text


def test_customers_and_strangers_do_not_find_it(customer: Customer) -> None:
    client = Client()
    assert client.get(HOME).status_code == 302
    client.force_login(customer.user)
    assert client.get(HOME).status_code in (302, 404)
    assert b"Revenue" not in client.get(HOME).content


def test_home_asks_the_database_a_bounded_number_of_times(boss: Client, customer: Customer) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            boss.get(HOME)
        return len(queries)

    few = asked()
    hour = hourly_use.hour_of(timezone.now())
    rows = [
        HourlyUse(
            hour=hour - timedelta(hours=n),
            model=f"many-{n}",
            provider="home-many",
            **dict.fromkeys(
                (
                    *("calls", "refused", "failed", "tokens_in", "tokens_out"),
                    *("charge", "cost", "costed"),
                ),
                1,
            ),
        )
        for n in range(30)
    ]
    HourlyUse.objects.bulk_create(rows)
    try:
        assert asked() <= few <= MOST_QUERIES
        assert "others" in boss.get(HOME).content.decode()
    finally:
        HourlyUse.objects.filter(provider="home-many").delete()


def test_all_applications_are_still_a_click_away(boss: Client) -> None:
    text = boss.get(HOME).content.decode()
    assert "All applications" in text
    assert "/admin/gateway/dailyuse/" in text


@pytest.mark.parametrize(
    ("micro", "words"),
    [
        (0, "0.00"),
        (1_234_567_890, "1,234.57"),
        (-5_000, "−0.01"),
        (-4_999, "0.00"),
        (5_000, "0.01"),
    ],
)
def test_amounts_are_rounded_to_the_hundredth(micro: int, words: str) -> None:
    assert hundredths(micro) == words


def test_figures_say_their_units() -> None:
    assert (dollars(17_530_000), dollars(-17_530_000)) == ("$17.53", "−$17.53")
    assert (percent(None), percent(0.0123), percent(-0.5)) == ("–", "1.2 %", "−50.0 %")
    assert (lasting(None), lasting(1_234), lasting(61_500)) == ("–", "1,234 ms", "61.5 s")
