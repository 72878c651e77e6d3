"""The official Node SDKs, unmodified, over every endpoint."""

import json
import os
import re
import subprocess

import pytest

from tests.customers import Customer, make_customer
from tests.peers import NODE, node_project
from tests.processes import Server

SOURCE = (NODE / "sdks.mjs").read_text()
NAMES = [
    name.replace("${name}", provider)
    for name in re.findall(r"^    \[`(.*)`\]: async", SOURCE, re.M)
    for provider in ("openai", "anthropic")
] + re.findall(r"^  (\w+): async", SOURCE, re.M)


@pytest.fixture(scope="module")
def results(server: Server) -> dict[str, str | None]:
    folder = node_project()
    customer: Customer = make_customer()
    done = subprocess.run(
        ["node", "sdks.mjs"],
        cwd=folder,
        env={**os.environ, "LUMYX_URL": server.url, "LUMYX_KEY": customer.key},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: line["error"] for line in found}


@pytest.mark.parametrize("name", NAMES)
def test_the_node_sdk_is_served(results: dict[str, str | None], name: str) -> None:
    assert results[name] is None, results[name]


def test_every_check_is_looked_at(results: dict[str, str | None]) -> None:
    assert set(results) == set(NAMES)
    assert len(NAMES) == 27
