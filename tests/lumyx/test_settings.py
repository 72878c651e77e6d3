"""Settings come from the environment alone, and each bad one is named."""

import os
import subprocess
import sys

import pytest

from tests.processes import ROOT

GOOD = {
    "DEBUG": "0",
    "STANDINS": "0",
    "SECRET_KEY": "k3-9xq" * 10,
    "KEY_PEPPERS": "1:" + "p7" * 30,
    "NABZCLAN_CLIENT_SECRET": "one that NabzClan gave",
    "ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
    "REDIS_URL": os.environ.get("REDIS_URL", ""),
    "PUBLIC_URL": "https://lumyx.test",
    "ALLOWED_HOSTS": "lumyx.test",
}


def manage(*arguments: str, **change: str | None) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**kept, **GOOD, **change}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("SECRET_KEY", None, "is not set"),
        ("KEY_PEPPERS", None, "is not set"),
        ("KEY_PEPPERS", "1:short", "32 characters"),
        ("KEY_PEPPERS", "secret", "pairs such as 1:secret"),
        ("ENCRYPTION_KEYS", "nokey", "Fernet"),
        ("DATABASE_URL", None, "is not set"),
        ("DATABASE_URL", "mysql://x/y", "postgresql://"),
        ("REDIS_URL", "http://x", "redis://"),
        ("DEBUG", "maybe", "must be 1 or 0"),
        ("MAX_BODY_BYTES", "ten", "whole number"),
        ("MAX_BODY_BYTES", "1", "between"),
        ("TRUSTED_PROXY_COUNT", "-1", "between"),
        ("PROVIDER_DIALECT", "klingon", "must be one of"),
        ("PROVIDER_MODELS", "a", "public=upstream"),
        ("COUNTRY_DATABASE", "/nowhere/at/all", "no such file"),
        ("PUBLIC_URL", "lumyx", "https://"),
        ("METRICS_TOKEN", "t" * 31, "32 characters"),
        ("TOP_UP_PACKS", "5,2000", "between TOP_UP_LEAST and TOP_UP_MOST"),
    ],
)
def test_a_bad_setting_fails_at_start_by_name(name: str, value: str | None, complaint: str) -> None:
    result = manage("check", **{name: value})
    assert result.returncode != 0
    line = next(line for line in result.stderr.splitlines() if line.startswith(f"  {name}:"))
    assert complaint in line


def test_every_bad_setting_is_named_at_once() -> None:
    result = manage("check", SECRET_KEY=None, REDIS_URL=None, DEBUG="maybe")
    for name in ("SECRET_KEY", "REDIS_URL", "DEBUG"):
        assert f"  {name}:" in result.stderr


def test_a_right_production_passes_the_deploy_check() -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"STANDINS": "1"}, "lumyx.E001"),
        ({"DEBUG": "1"}, "lumyx.E002"),
        ({"DEBUG": "1", "SECRET_KEY": None}, "lumyx.E003"),
        ({"SECRET_KEY": "p7" * 30}, "lumyx.E004"),
        ({"PUBLIC_URL": "http://lumyx.test"}, "lumyx.E005"),
        ({"NABZCLAN_CLIENT_SECRET": "nabzclan-stand-in"}, "lumyx.E006"),
        ({"NABZCLAN_URL": "http://nabzclan.test"}, "lumyx.E007"),
    ],
)
def test_the_deploy_check_refuses_what_is_not_production(
    change: dict[str, str | None], code: str
) -> None:
    result = manage("check", "--deploy", **change)
    assert result.returncode != 0
    assert code in result.stderr


def test_demo_data_is_refused_in_production() -> None:
    result = manage("load_demo", "--env-file", "/dev/null")
    assert result.returncode != 0
    assert "only while STANDINS is on" in result.stderr
