import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from lumyx.local import LocalError, preparation, run, secrets
from lumyx.local.engines import Engines

MakeEnvironment = Callable[..., dict[str, str]]
STARTED = Engines("postgresql://lumyx:x@127.0.0.1:1/lumyx", "redis://:y@127.0.0.1:2/0")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MakeEnvironment:
    """The environment that a run makes where its caller has set some variables."""

    def make(**given: str) -> dict[str, str]:
        monkeypatch.setattr(run, "VAR", tmp_path)
        for name in ("STANDINS", "DEBUG", "PUBLIC_URL", "PROVIDER_BASE_URL", "SECRET_KEY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        return run.service_environment(secrets.make(), STARTED, 8123)

    return make


def test_secrets_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    made = secrets.load(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert secrets.load(file) == made
    assert len(set(made.values())) == len(made)
    assert made["KEY_PEPPERS"].startswith("1:")


def test_a_secret_that_an_older_file_lacks_is_added(tmp_path: Path) -> None:
    file = tmp_path / "secrets.env"
    secrets.write(file, {"SECRET_KEY": "kept"})
    assert secrets.load(file)["SECRET_KEY"] == "kept"
    assert "VALKEY_PASSWORD" in secrets.read(file)


def test_a_port_in_use_is_refused_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=f"Port {port} is in use.*PORT={port + 1}"):
            run.read_port(str(port))


@pytest.mark.parametrize("text", ["web", "0", "65536", "-1", "8e3", "٣"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(LocalError, match="PORT must be a number"):
        run.read_port(text)


def test_two_runs_do_not_share_their_data(tmp_path: Path) -> None:
    with (
        run.only_run(tmp_path / "lock"),
        pytest.raises(LocalError, match="runs here already"),
        run.only_run(tmp_path / "lock"),
    ):
        pass


def test_a_run_is_like_production_but_for_the_stand_ins(
    environment: Callable[..., dict[str, str]],
) -> None:
    made = environment()
    assert (made["DEBUG"], made["STANDINS"]) == ("0", "1")
    assert made["PUBLIC_URL"] == "http://127.0.0.1:8123"
    assert made["DATABASE_URL"] == STARTED.database_url
    assert list(run.commands(made, 8123)) == [
        *("web", "worker", "beat", "provider", "nabzclan", "stripe")
    ]


def test_what_the_caller_sets_goes_first(environment: MakeEnvironment) -> None:
    made = environment(SECRET_KEY="mine", PUBLIC_URL="https://lumyx.example")
    assert (made["SECRET_KEY"], made["PUBLIC_URL"]) == ("mine", "https://lumyx.example")


def test_a_real_provider_needs_no_stand_in(environment: MakeEnvironment) -> None:
    made = environment(PROVIDER_BASE_URL="https://provider.example/v1")
    assert "provider" not in run.commands(made, 8123)
    assert "STANDIN_PROVIDER_URL" not in made


def test_a_real_nabzclan_needs_no_stand_in(environment: MakeEnvironment) -> None:
    made = environment(NABZCLAN_URL="https://nabzclan.example")
    assert "nabzclan" not in run.commands(made, 8123)
    assert "STANDIN_NABZCLAN_URL" not in made


def test_stripe_with_test_keys_needs_no_stand_in(environment: MakeEnvironment) -> None:
    made = environment(STRIPE_TEST_SECRET_KEY="sk_test_" + "a" * 24)
    assert "stripe" not in run.commands(made, 8123)
    assert "STANDIN_STRIPE_URL" not in made


def test_the_stand_in_of_stripe_knows_the_webhook(environment: MakeEnvironment) -> None:
    made = environment()
    webhook = f"{made['PUBLIC_URL']}/billing/webhooks/stripe/"
    assert made["STANDIN_STRIPE_WEBHOOK_URL"] == webhook


def test_the_ready_line_comes_with_a_call_that_works(capsys: pytest.CaptureFixture[str]) -> None:
    run.announce(8123, {"LUMYX_API_KEY": "lx-abc", "LUMYX_MODEL": "some-model"})
    lines = capsys.readouterr().out.splitlines()
    assert "LumyxAI is ready: http://127.0.0.1:8123" in lines
    call = next(line for line in lines if line.startswith("curl "))
    assert "http://127.0.0.1:8123/api/v1/chat/completions" in call
    assert "Bearer lx-abc" in call
    assert '"model": "some-model"' in call


def test_the_stand_in_keeps_its_port_while_that_is_free(tmp_path: Path) -> None:
    file = tmp_path / "port"
    port = run.lasting_port(file)
    assert run.lasting_port(file) == port
    with socket.create_server(("127.0.0.1", port)):
        assert run.lasting_port(file) != port


def test_a_database_is_prepared_anew_for_other_settings_or_another_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparation, "_migrations", lambda url: url)
    environment = {"DATABASE_URL": "a", "STANDINS": "1"}
    before = preparation.fingerprint(environment)
    assert preparation.fingerprint({**environment, "PORT": "9000"}) == before
    for change in ({"DATABASE_URL": "b"}, {"STANDINS": "0"}, {"PROVIDER_MODELS": "x=y"}):
        assert preparation.fingerprint(environment | change) != before
