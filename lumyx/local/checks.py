"""What `make lint` and `make test` check without running the service."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from lumyx.local import secrets
from lumyx.local.processes import environment_for_children

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = sys.executable

STATIC = {
    "ruff check": ["-m", "ruff", "check", "--quiet"],
    "ruff format": ["-m", "ruff", "format", "--check", "--quiet"],
    "mypy": ["-m", "mypy", "--no-error-summary", "."],
    "import contracts": ["-c", "from importlinter.cli import lint_imports_command as run; run()"],
}
DJANGO = {
    "missing migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
    "deploy checks": ["manage.py", "check", "--deploy", "--fail-level", "WARNING"],
}


def main() -> int:
    """Run the static checks, which need no engines."""
    failed = run_checks(STATIC, development())
    return report(failed)


def run_checks(checks: Mapping[str, list[str]], environment: Mapping[str, str]) -> list[str]:
    """Run checks one after the other; return the names of those that failed."""
    return [name for name, command in checks.items() if not passes(name, command, environment)]


def passes(name: str, command: list[str], environment: Mapping[str, str]) -> bool:
    """Run one check; show what it says only where it fails."""
    begun = time.monotonic()
    print(f"{name:<20}", end="", flush=True)
    done = subprocess.run(
        [PYTHON, *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = done.returncode == 0
    print(f"{'passed' if passed else 'FAILED'} in {time.monotonic() - begun:.1f} s", flush=True)
    if not passed:
        print(done.stdout, flush=True)
    return passed


def report(failed: list[str]) -> int:
    """Name what failed; return the exit status."""
    if failed:
        print(f"Failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def development() -> dict[str, str]:
    """Return an environment for tools that import the settings but call nobody."""
    return {
        **environment_for_children(),
        "DEBUG": "1",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }


def production(database_url: str, redis_url: str) -> dict[str, str]:
    """Return an environment as an operator would make it."""
    made = secrets.make()
    return {
        **environment_for_children(),
        **{name: made[name] for name in secrets.SERVICE},
        "DEBUG": "0",
        "STANDINS": "0",
        "PUBLIC_URL": "https://lumyx.example",
        "ALLOWED_HOSTS": "lumyx.example",
        "NABZCLAN_CLIENT_SECRET": "one that NabzClan gave",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }


if __name__ == "__main__":
    sys.exit(main())
