"""What lies in deploy/ fits the service: its settings, its limits, its times, its commands."""

import configparser
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from lumyx.local import run
from tests.deploy.site import DEPLOY, SITE
from tests.processes import ROOT

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
NAME = re.compile(r"^([A-Z][A-Z0-9_]+)=", re.MULTILINE)
OTHERS = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PATH"}
"""Variables of Python's and of the system's."""
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "RestrictSUIDSGID": "yes",
    "User": "lumyx",
    "UMask": "0077",
}


def known() -> set[str]:
    """Return every setting that .env.example names."""
    return set(NAME.findall((ROOT / ".env.example").read_text()))


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text())
    return found


def ours() -> dict[str, dict[str, Any]]:
    """Return the services of the compose file that run our image."""
    services = compose()["services"]
    return {name: one for name, one in services.items() if "lumyx.env" in one.get("env_file", [])}


def unit(file: Path) -> dict[str, list[str]]:
    """Return each setting of a unit's [Service], with all its values."""
    found: dict[str, list[str]] = {}
    section = file.read_text().replace("\\\n", " ").split("[Service]")[1].split("\n[")[0]
    for line in section.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value.strip())
    return found


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)s?", text)
    assert found, text
    return int(found[1])


def in_site(name: str) -> list[str]:
    """Return every value that the nginx site gives a directive."""
    return re.findall(rf"^\s*{name} ([^;]+);", SITE.read_text(), re.MULTILINE)


def drain(words: list[str]) -> int:
    return int(words[words.index("--grace") + 1])


def docker_command() -> list[str]:
    """Return the command of the image."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    [command] = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    words: list[str] = yaml.safe_load(command)
    return words


def web_commands() -> dict[str, list[str]]:
    [line] = unit(DEPLOY / "systemd" / "lumyx-web@.service")["ExecStart"]
    return {"systemd": line.split(), "docker": docker_command()}


def options(words: list[str]) -> list[str]:
    """Return the words from the application on."""
    begin = next(n for n, word in enumerate(words) if word in {"lumyx.web", "lumyx"})
    return words[begin:]


def local() -> dict[str, list[str]]:
    """Return the commands of `make run`."""
    return run.commands({"STANDINS": "0"}, 8000)


def test_every_setting_that_is_given_is_one_that_there_is() -> None:
    given: set[str] = set()
    for service in ours().values():
        given |= set(service.get("environment", {}))
    for file in UNITS:
        for line in unit(file)["Environment"]:
            given |= {word.partition("=")[0] for word in line.split()}
    given |= set(re.findall(r"\b([A-Z][A-Z_]{4,30})=", (DEPLOY / "Dockerfile").read_text()))
    given |= set(re.findall(r"([A-Z_]{4,})=\S", (DEPLOY / "manage").read_text()))
    assert {"EXPORT_DIR", "TOMBSTONE_DIR", "SECRET_KEY", "TRUSTED_PROXY_COUNT"} <= given
    assert given - known() - OTHERS - {"LUMYX_ENV", "IFS"} == set()


def test_nginx_takes_the_bodies_that_the_service_takes() -> None:
    assert in_site("client_max_body_size") == [str(settings.MAX_BODY_BYTES)]


def test_nginx_waits_longer_than_the_service() -> None:
    longest = max(
        settings.UPSTREAM_TOTAL_SECONDS,
        settings.UPSTREAM_WHOLE_SECONDS,
        settings.UPSTREAM_IDLE_SECONDS,
        settings.UPSTREAM_FIRST_BYTE_SECONDS,
    )
    whole, *calls = map(seconds, in_site("proxy_read_timeout"))
    assert len(calls) == 2
    assert min(calls) > longest
    assert whole > settings.STRIPE_SECONDS
    assert all(seconds(text) > settings.CLIENT_STALL_SECONDS for text in in_site("send_timeout"))
    assert all(seconds(text) > settings.BODY_SECONDS for text in in_site("proxy_send_timeout"))
    assert all(seconds(text) >= settings.BODY_SECONDS for text in in_site("client_body_timeout"))


def test_nginx_never_repeats_a_call_and_stores_none() -> None:
    assert in_site("proxy_next_upstream") == ["error timeout"]
    for name in ("proxy_buffering", "proxy_request_buffering"):
        assert in_site(name) == ["off"]


@pytest.mark.parametrize("kind", ["systemd", "docker"])
def test_the_web_process_is_started_as_make_run_starts_it(kind: str) -> None:
    known_words = set(local()["web"])
    own = {"0.0.0.0", "%i", "--grace", "600", "--log-config", "lumyx/logs/uvicorn.json"}
    words = options(web_commands()[kind])
    assert set(words) - own <= known_words
    assert (ROOT / "lumyx/logs/uvicorn.json").is_file()


@pytest.mark.parametrize("part", ["worker", "beat"])
def test_worker_and_beat_are_started_as_make_run_starts_them(part: str) -> None:
    expected = options(local()[part])
    place = "/var/lib/lumyx/beat-schedule"
    expected = [place if word.endswith("beat-schedule") else word for word in expected]
    assert options(compose()["services"][part]["command"]) == expected
    [line] = unit(DEPLOY / "systemd" / f"lumyx-{part}.service")["ExecStart"]
    shown = " ".join(options(line.split())).replace("--pidfile=", "--pidfile ")
    assert shown.split() == " ".join(expected).split()


def test_whoever_stops_a_process_waits_until_it_is_done() -> None:
    drained = {kind: drain(words) for kind, words in web_commands().items()}
    tasks = settings.CELERY_TASK_TIME_LIMIT
    units = {file.name: unit(file) for file in UNITS}
    assert drained["systemd"] >= settings.UPSTREAM_WHOLE_SECONDS
    assert seconds(units["lumyx-web@.service"]["TimeoutStopSec"][0]) >= drained["systemd"] + 30
    assert seconds(units["lumyx-worker.service"]["TimeoutStopSec"][0]) > tasks
    services = compose()["services"]
    for name in ("web1", "web2"):
        assert seconds(services[name]["stop_grace_period"]) >= drained["docker"] + 30
    assert seconds(services["worker"]["stop_grace_period"]) > tasks


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_may_do_only_what_it_must(file: Path) -> None:
    found = unit(file)
    assert {name: found[name][-1] for name in HARDENED} == HARDENED
    if "ExecStart" in found and "Restart" in found:
        assert found["Restart"] == ["always"]
    if "web" in file.name:
        assert found["KillMode"] == ["mixed"]
        assert int(found["LimitNOFILE"][0]) >= 65_536


def test_containers_may_do_only_what_they_must() -> None:
    assert set(ours()) == {"migrate", "web1", "web2", "worker", "beat", "backup"}
    for name, service in ours().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    published = [name for name, one in compose()["services"].items() if "ports" in one]
    assert published == ["nginx"]


def test_the_web_starts_after_the_migrations() -> None:
    for name in ("web1", "web2", "worker", "beat"):
        wanted = compose()["services"][name]["depends_on"]["migrate"]["condition"]
        assert wanted == "service_completed_successfully"


def test_the_image_runs_as_nobody_special_and_without_a_shell() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["lumyx"]
    assert re.findall(r"^STOPSIGNAL (\S+)$", text, re.MULTILINE) == ["SIGTERM"]
    assert "requirements-dev" not in text
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-\w+", base) for base in bases)
    copied = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert all((ROOT / name).exists() for name in copied)


def test_manage_gives_each_setting_as_it_is_written(tmp_path: Path) -> None:
    environment = tmp_path / "env"
    shown = tmp_path / "deploy"
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shown.mkdir()
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'import os; print(os.environ[\"X\"])'\n"
    )
    python.chmod(0o755)
    text = (DEPLOY / "manage").read_text().replace("((EUID)) ||", "true ||")
    (shown / "manage").write_text(text)
    value = "LumyxAI <no-reply@lumyx.example> $HOME `date` 'a' #b"
    environment.write_text(f"# Comment\n\nX={value}")
    done = subprocess.run(
        ["bash", str(shown / "manage"), "shell"],
        env={"LUMYX_ENV": str(environment), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{value}\n", done.stderr


def test_the_timer_backs_up_daily() -> None:
    found = configparser.ConfigParser()
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read(DEPLOY / "systemd" / "lumyx-backup.timer")
    assert found["Timer"]["OnCalendar"].startswith("*-*-* ")
    assert found["Timer"]["Persistent"] == "yes"


def test_the_guide_names_what_there_is() -> None:
    guide = (ROOT / "docs" / "operating.md").read_text()
    commands = set(re.findall(r"(?:deploy/manage|manage\.py) ([a-z_]+)", guide))
    assert {"back_up", "restore", "rotate_secrets", "migrate"} <= commands
    assert commands - set(get_commands()) == set()
    written = set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=[^`]*)?`", guide))
    engines = {"POSTGRES_PASSWORD", "VALKEY_PASSWORD"}
    assert len(written) > 20
    assert written - known() - engines == set()
    for name in re.findall(r"deploy/([a-z-]+)(?=[ `])", guide):
        assert (DEPLOY / name).exists(), name
    for name in re.findall(r"deploy/((?:systemd|nginx)/[a-z.-]+)", guide):
        assert (DEPLOY / name).exists(), name


def test_the_scripts_are_such_that_bash_reads() -> None:
    for name in ("manage", "rolling-restart"):
        assert (DEPLOY / name).stat().st_mode & 0o100
        subprocess.run(["bash", "-n", DEPLOY / name], check=True)
