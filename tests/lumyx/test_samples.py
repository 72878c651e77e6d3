"""Every sample on the site does what it says, against a real server."""

from pathlib import Path

import pytest
import requests

from lumyx.docs.filling import Values
from tests.customers import Customer, make_customer
from tests.lumyx import samples
from tests.lumyx.samples import Bench, Sample
from tests.processes import Server


def values(url: str) -> Values:
    """Return what the samples name here: models of the stand-in."""
    every = ("model", "tools_model", "vision_model", "documents_model", "schema_model")
    return Values(
        url=url,
        **dict.fromkeys(every, "echo"),
        reasoning_model="thinker",
        embedding_model="echo-embed",
    )


@pytest.fixture
def caller(server: Server) -> tuple[Customer, str]:
    """A customer who may do whatever samples do, and the id of one of their two calls."""
    customer = make_customer()
    for _ in range(2):
        answer = requests.post(
            f"{server.api}/chat/completions",
            json={"model": "echo", "messages": [{"role": "user", "content": "Hello!"}]},
            headers=customer.headers,
            timeout=10,
        )
    customer.wait_for_log(2)
    return customer, answer.headers["x-request-id"]


def collected(url: str = "http://lumyx.test", key: str = "lx-made-up") -> list[Sample]:
    return samples.collect(values(url), key)


def test_it_is_said_of_every_sample_how_it_is_tried() -> None:
    kinds = {sample.name: sample.kind for sample in collected()}
    assert set(kinds.values()) == {"run", "output", "body", "install", "env"}
    assert len(kinds) == len(collected()), "two samples have one name"


@pytest.mark.parametrize("language", samples.RUNNABLE)
def test_every_sample_does_what_it_says(
    server: Server, caller: tuple[Customer, str], tmp_path: Path, language: str
) -> None:
    customer, request_id = caller
    every = collected(server.url, customer.key)
    run = [s for s in every if s.kind == "run" and s.fence.language == language]
    assert len(run) > 10
    outcomes = Bench(tmp_path, customer.key, request_id).run(run)
    wrong = {s.name: samples.wrong_run(s, outcomes[s.name]) for s in run}
    stated = [s for s in every if s.kind == "output" and s.of in outcomes]
    for sample in stated:
        if not wrong[sample.of]:
            wrong[sample.name] = samples.wrong_output(sample, outcomes[sample.of])
    assert not {name: what for name, what in wrong.items() if what}


def test_every_other_sample_is_right(
    server: Server, caller: tuple[Customer, str], tmp_path: Path
) -> None:
    customer, request_id = caller
    bench = Bench(tmp_path, customer.key, request_id)
    others = [
        sample
        for sample in collected(server.url, customer.key)
        if sample.kind in ("install", "env", "body")
    ]
    wrong = {sample.name: samples.wrong_other(sample, bench, server) for sample in others}
    assert not {name: what for name, what in wrong.items() if what}


def test_what_is_stated_wrongly_is_noticed() -> None:
    real = {"id": "a", "usage": {"tokens": 3}, "choices": [{"index": 0}]}
    differ = samples.differences
    assert not differ({"usage": {"tokens": 9}, "choices": [{"index": 5}]}, real, exact=False)
    assert differ({"usage": {"tokens": "9"}}, real, exact=False)
    assert differ({"choices": [{"text": "x"}]}, real, exact=False)
    assert differ({"id": "b"}, real, exact=True)
    stream = samples.events('event: a\ndata: {"x": 1}\n\ndata: [DONE]\n\n')
    assert not samples.wrong_events(samples.events("data: [DONE]"), stream)
    assert samples.wrong_events(samples.events('data: [DONE]\n\nevent: a\ndata: {"x": 2}'), stream)
