"""Each key keeps its calls in the request log for 0 to 30 days, as its owner chooses."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import requests
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from billing import invariants
from gateway import keys, log_retention, partitions
from gateway.models import ApiKey
from privacy import retention
from tests.calls import add_call
from tests.customers import Customer, make_customer
from tests.processes import Server, wait_until

NOW = datetime.now(UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def add(customer: Customer, *, age: timedelta, key: UUID | None = None) -> UUID:
    return add_call(customer, at=NOW - age, key_id=key or customer.key_row.pk)


def kept(customer: Customer) -> set[UUID]:
    return {row.id for row in customer.logged()}


@pytest.fixture
def silent(database: None) -> Customer:
    """A customer whose key keeps no log."""
    return make_customer(log_days=0)


@pytest.mark.parametrize("stream", [False, True])
def test_with_0_days_a_call_is_charged_and_never_logged(
    server: Server, silent: Customer, stream: bool
) -> None:
    before = silent.balance()
    answer = silent.chat(server, stream=stream)
    assert answer.status_code == 200
    wait_until(lambda: silent.balance() < before, seconds=10, what="the charge")
    wait_until(lambda: silent.holds_open() == 0, seconds=10, what="the settlement")
    assert silent.spent() == [before - silent.balance()]
    assert silent.logged() == []
    request_id = answer.headers["x-request-id"]
    found = silent.get(server, f"requests/{request_id}")
    assert found.status_code == 404
    assert "for fewer where their key says so" in found.text
    assert silent.get(server, "usage").json()["data"] == []
    assert silent.get(server, "key").json()["spend"]["total"]["spent_micro"] == silent.spent()[0]
    assert [v for v in invariants.check() if silent.account.pk in v.accounts] == []


def test_with_0_days_neither_refusals_nor_failures_nor_counts_are_logged(
    server: Server, silent: Customer
) -> None:
    assert silent.chat(server, "no-such-model").status_code == 404
    assert silent.chat(server, n=0).status_code == 400
    assert silent.chat(server, "echo-fail-500").status_code >= 500
    count = requests.post(
        f"{server.api}/messages/count_tokens",
        json={"model": "anthropic/echo", "messages": [{"role": "user", "content": "Hi"}]},
        headers=silent.headers,
        timeout=20,
    )
    assert count.status_code == 200
    other = make_customer()
    other.chat(server)
    other.wait_for_log(1)
    assert silent.logged() == []


def test_with_0_days_an_idempotency_key_still_lets_nobody_pay_twice(
    server: Server, silent: Customer
) -> None:
    silent_headers = silent.headers | {"Idempotency-Key": "once"}
    body = {"model": "echo", "messages": [{"role": "user", "content": "Hi"}]}
    codes = [
        requests.post(
            f"{server.api}/chat/completions", json=body, headers=silent_headers, timeout=20
        ).status_code
        for _ in range(2)
    ]
    assert codes == [200, 409]
    assert len(silent.spent()) == 1
    assert silent.logged() == []


def test_a_change_counts_for_the_next_call(server: Server, customer: Customer) -> None:
    customer.chat(server)
    customer.wait_for_log(1)
    keys.configure(customer.key_row, log_days=0)
    wait_until(lambda: customer.get(server, "key").json()["log_days"] == 0, seconds=8)
    for _ in range(8):  # by way of every process that may answer
        customer.get(server, "key")
    customer.chat(server)
    other = make_customer()
    other.chat(server)
    other.wait_for_log(1)
    assert len(customer.logged()) == 1
    retention.sweep()
    assert customer.logged() == [], "what was logged before goes with the next sweep"


def test_the_sweep_deletes_what_is_older_than_each_key_allows_and_no_other(
    customer: Customer,
) -> None:
    weekly, _ = keys.issue(customer.user, name="Week", log_days=7)
    daily, _ = keys.issue(customer.user, name="Day", log_days=1)
    never, _ = keys.issue(customer.user, name="Never", log_days=0)
    other = make_customer(log_days=1)
    young = [
        add(customer, age=28 * DAY),
        add(customer, age=7 * DAY - 3 * HOUR, key=weekly.pk),
        add(customer, age=21 * HOUR, key=daily.pk),
    ]
    old = [
        add(customer, age=7 * DAY - HOUR, key=weekly.pk),
        add(customer, age=20 * DAY, key=weekly.pk),
        add(customer, age=23 * HOUR, key=daily.pk),
        add(customer, age=timedelta(minutes=1), key=never.pk),
        add(customer, age=20 * DAY, key=never.pk),
    ]
    theirs = [add(other, age=DAY), add(other, age=HOUR)]
    assert kept(customer) == {*young, *old}
    assert log_retention.sweep(now=NOW) >= len(old) + 1
    assert kept(customer) == set(young)
    assert kept(other) == {theirs[1]}


def test_nothing_is_left_over_at_the_promised_moment_though_a_sweep_is_late(
    customer: Customer,
) -> None:
    keys.configure(customer.key_row, log_days=3)
    row = add(customer, age=timedelta())
    log_retention.sweep(now=NOW + 3 * DAY - 2 * HOUR - timedelta(seconds=1))
    assert kept(customer) == {row}
    log_retention.sweep(now=NOW + 3 * DAY - HOUR)
    assert kept(customer) == set()


def test_revoked_keys_are_swept_too(customer: Customer) -> None:
    keys.configure(customer.key_row, log_days=2)
    add(customer, age=3 * DAY)
    keys.revoke(customer.key_row)
    assert retention.sweep()["calls of keys with few days"] >= 1
    assert kept(customer) == set()


def test_a_detached_day_is_swept_too(customer: Customer) -> None:
    keys.configure(customer.key_row, log_days=1)
    add(customer, age=9 * DAY)
    name = partitions.name_of((NOW - 9 * DAY).date())
    with connection.cursor() as cursor:
        cursor.execute(f"alter table gateway_requestlog detach partition {name}")
        log_retention.sweep(now=NOW)
        cursor.execute(f"select count(*) from {name} where account_id = {customer.account.pk}")
        assert cursor.fetchone()[0] == 0
        cursor.execute(f"drop table {name}")


def test_no_statement_of_the_sweep_is_long(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_retention, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(log_retention, "KEYS_AT_ONCE", 1)
    other, _ = keys.issue(customer.user, name="Other", log_days=1)
    keys.configure(customer.key_row, log_days=1)
    for _ in range(5):
        add(customer, age=2 * DAY)
        add(customer, age=2 * DAY, key=other.pk)
    log_retention.sweep(now=NOW)
    assert kept(customer) == set()


def test_the_index_finds_the_rows(customer: Customer) -> None:
    day = NOW.date()
    partitions.make(first=day, days=1)
    query = log_retention.DELETE.replace("{day}", partitions.name_of(day))
    values: Any = {"keys": [customer.key_row.pk], "accounts": [1], "until": [NOW], "rows": 10}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(f"explain {query}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Tid Scan" in plan
    assert "account_id" in plan.split("Index Cond", 1)[1]
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("days", [-1, 31])
def test_the_days_are_between_0_and_30(customer: Customer, days: int) -> None:
    with pytest.raises(ValidationError):
        keys.configure(customer.key_row, log_days=days)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.filter(pk=customer.key_row.pk).update(log_days=days)
