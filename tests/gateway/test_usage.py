"""What calls used can be read again by their own account: in pages, or one by one."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.customers import Customer
from tests.processes import Server


def get(server: Server, customer: Customer, path: str, **query: Any) -> requests.Response:
    return requests.get(f"{server.api}/{path}", params=query, headers=customer.headers, timeout=10)


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_can_be_looked_up_by_the_id_that_its_answer_carried(
    server: Server, customer: Customer, stream: bool
) -> None:
    answer = customer.chat(server, "echo-cached", stream=stream)
    found = get(server, customer, f"requests/{answer.headers['x-request-id']}").json()
    charge = customer.spent()[0]
    assert found["charge_micro"] == charge
    assert found["charge_basis"] == "reported"
    assert found["provider"] == "standin"
    assert (found["model"], found["streamed"], found["status"]) == ("echo-cached", stream, 200)
    tokens = found["tokens"]
    assert tokens["cache_read"] > 0
    assert tokens["total"] == tokens["input"] + tokens["cache_read"] + tokens["output"]
    assert found["attempts"] == [{"provider": "standin", "ms": found["attempts"][0]["ms"]}]
    assert "ip" not in found


def test_another_account_finds_nothing(
    server: Server, customer: Customer, new_customer: Callable[..., Customer]
) -> None:
    answer = customer.chat(server)
    other = new_customer()
    found = get(server, other, f"requests/{answer.headers['x-request-id']}")
    assert found.status_code == 404
    assert get(server, other, "usage").json()["data"] == []


@pytest.mark.parametrize(
    "name", ["req_", "req_x", "req_" + "f" * 32, "x", "req_" + "0" * 32, "%00"]
)
def test_an_id_that_is_none_is_not_found(server: Server, customer: Customer, name: str) -> None:
    assert get(server, customer, f"requests/{name}").status_code == 404


def test_pages_follow_each_other_and_leave_nothing_out(server: Server, customer: Customer) -> None:
    made = [customer.chat(server).headers["x-request-id"] for _ in range(7)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    sizes = []
    while True:
        page = get(server, customer, "usage", **query).json()
        seen += [row["id"] for row in page["data"]]
        sizes.append(len(page["data"]))
        if not page["has_more"]:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == made[::-1]
    assert sizes == [3, 3, 1]
    assert page["next_cursor"] is None


def test_filters_narrow_the_list(server: Server, customer: Customer) -> None:
    customer.chat(server)
    customer.chat(server, "echo-cached", stream=True)
    customer.chat(server, "nope")
    customer.wait_for_log(3)

    def models(**query: Any) -> list[str | None]:
        page = get(server, customer, "usage", **query).json()
        return [row["model"] for row in page["data"]]

    assert models() == [None, "echo-cached", "echo"]
    assert models(model="echo") == ["echo"]
    assert models(streamed="true") == ["echo-cached"]
    assert models(status=404) == [None]
    assert models(charge_basis="reported") == ["echo-cached", "echo"]
    assert models(key=str(customer.key_row.id)) == [None, "echo-cached", "echo"]
    assert models(key="00000000-0000-4000-8000-000000000000") == []
    assert models(endpoint="messages") == []
    assert models(to="2020-01-01") == []
    assert models(**{"from": "2020-01-01T00:00:00Z"}) == [None, "echo-cached", "echo"]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "9999"}, {"limit": "x"}, {"cursor": "x"}, {"from": "yesterday"},
        {"to": "9" * 30}, {"status": "1"}, {"streamed": "maybe"}, {"charge_basis": "x"},
        {"key": "x"}, {"model": "x" * 81}, {"unheard": "1"},
        {"cursor": "_" * 32}, {"cursor": "A4REDMxzX_______________________"},
        {"from": "0001-01-01T00:00:00+14:00"},
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_parameter_is_named(
    server: Server, customer: Customer, query: dict[str, str]
) -> None:
    answer = get(server, customer, "usage", **query)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == next(iter(query))
