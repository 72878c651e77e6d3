"""One row per call, in day partitions, with the allowed columns and nothing else."""

from datetime import UTC, date, datetime, timedelta

import requests
from django.db import connection

from accounts import clients, places
from gateway import partitions, personal_data
from tests.customers import Customer
from tests.processes import Server, wait_until

# Section 2.2 of the privacy policy: the only columns that there may be.
ALLOWED = {
    "id", "started_at", "account_id", "key_id", "endpoint", "model", "streamed", "status",
    "error_code", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens",
    "reasoning_tokens", "input_price", "cache_read_price", "cache_write_price", "output_price",
    "charge", "charge_basis", "provider", "attempts", "latency_ms", "first_token_ms", "ip",
    "country", "client", "system", "device",
}  # fmt: skip


def test_the_log_has_the_allowed_columns_and_no_other() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select * from gateway_requestlog limit 0")
        assert {column.name for column in cursor.description} == ALLOWED


def test_a_call_is_logged_with_what_it_used(server: Server, customer: Customer) -> None:
    answer = requests.post(
        f"{server.api}/chat/completions",
        json={"model": "echo-slow", "messages": [{"role": "user", "content": "One two"}]},
        headers={**customer.headers, "User-Agent": "OpenAI/Python 2.7.1"},
        timeout=10,
    )
    row = customer.wait_for_log(1)[0]
    usage = answer.json()["usage"]
    assert f"req_{row.id.hex}" == answer.headers["x-request-id"]
    assert (row.model, row.endpoint, row.streamed) == ("echo-slow", "chat/completions", False)
    assert (row.status, row.error_code, row.charge_basis) == (200, "", "reported")
    assert (row.input_tokens, row.output_tokens) == (
        usage["prompt_tokens"],
        usage["completion_tokens"],
    )
    assert (row.input_price, row.output_price) == (2_000_000, 8_000_000)
    assert [row.charge] == customer.spent()
    assert row.key_id == customer.key_row.id
    assert 100 <= row.latency_ms < 5_000
    assert (row.ip, row.client, row.device) == ("127.0.0.1", "OpenAI/Python", "Program")


def test_the_time_to_the_first_token_of_a_stream_is_logged(
    server: Server, customer: Customer
) -> None:
    customer.stream(server, "echo-slow", text="one two three four five six seven eight")
    row = customer.wait_for_log(1)[0]
    assert row.first_token_ms is not None
    assert row.first_token_ms < row.latency_ms - 300


def test_refused_calls_are_logged_without_the_name_of_an_unknown_model(
    server: Server, customer: Customer
) -> None:
    customer.chat(server, "secret-canary-model")
    row = customer.wait_for_log(1)[0]
    assert (row.status, row.error_code, row.model) == (404, "model_not_found", "")
    assert (row.charge, row.charge_basis) == (0, "rejected")


def test_a_call_with_a_bad_body_is_logged_too(server: Server, customer: Customer) -> None:
    customer.chat(server, n=0)
    row = customer.wait_for_log(1)[0]
    assert (row.status, row.charge_basis) == (400, "rejected")


def test_partitions_are_made_a_week_ahead_and_there_is_no_default_one() -> None:
    kept = partitions.days_kept()
    for ahead in range(8):
        assert partitions.today() + timedelta(days=ahead) in kept
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_partitioned_table where partdefid <> 0 "
            "and partrelid = 'gateway_requestlog'::regclass"
        )
        assert cursor.fetchone()[0] == 0


def test_a_day_is_dropped_whole_before_its_first_row_is_30_days_old() -> None:
    day = date(2020, 2, 29)
    partitions.make(first=day, days=2)
    begin = datetime(2020, 2, 29, tzinfo=UTC)
    almost = begin + timedelta(days=29, hours=21)
    assert partitions.drop_older(now=almost) == []
    assert partitions.drop_older(now=begin + timedelta(days=30)) == [day]
    assert personal_data.expire()["request log days"] == 1
    assert [d for d in partitions.days_kept() if d.year == 2020] == []


def test_a_detached_partition_is_dropped_too() -> None:
    partitions.make(first=date(2020, 3, 5), days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "alter table gateway_requestlog detach partition gateway_requestlog_20200305"
        )
    assert date(2020, 3, 5) in partitions.drop_older()


def test_a_lost_log_row_never_loses_the_charge_nor_the_answer(
    server: Server, customer: Customer
) -> None:
    with connection.cursor() as cursor:
        name = f"gateway_requestlog_{partitions.today():%Y%m%d}"
        refuse = "check (model <> 'echo-cached') not valid"
        cursor.execute(f"alter table {name} add constraint broken {refuse}")
        try:
            assert customer.chat(server, "echo-cached").ok
        finally:
            cursor.execute(f"alter table {name} drop constraint broken")
    wait_until(lambda: len(customer.spent()) == 1, seconds=5)
    assert customer.logged() == []
    assert customer.holds_open() == 0


def test_only_families_are_kept_of_a_user_agent() -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    assert clients.families(firefox) == clients.Families("Firefox", "Linux", "Desktop")
    assert clients.families("AsyncOpenAI/Python 2.1").client == "OpenAI/Python"
    assert clients.families("Anthropic/JS 0.5").client == "Anthropic/JS"
    assert clients.families("curl/8.5.0").client == "curl"
    assert clients.families("my-secret-canary/1.0") == clients.Families()
    phone = "Mozilla/5.0 (Linux; Android 10; my secret canary Build/X) AppleWebKit/537.36"
    assert clients.families(phone) == clients.Families("Other", "Android", "Mobile")
    assert clients.families("") == clients.Families()


def test_a_place_is_a_country_and_found_without_asking_anybody() -> None:
    assert places.country("8.8.8.8") == "US"
    assert places.country("2001:4860:4860::8888") == "US"
    assert places.country("127.0.0.1") == ""
    assert places.country("not an address") == ""
