"""`make test`: every check and every test, on private engines that vanish afterwards."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lumyx.local import LocalError, checks, engines
from lumyx.local.processes import (
    Stopped,
    adopt_orphans,
    die_with_make,
    end_descendants,
    ignore_stop,
    on_stop,
    raise_stopped,
)


def main() -> int:
    """Run the checks, then the tests with the given arguments; return the exit status."""
    try:
        on_stop(raise_stopped)
        die_with_make()
        adopt_orphans()
        with (
            tempfile.TemporaryDirectory(prefix="lumyx-test-") as directory,
            engines.running(Path(directory), durable=False) as started,
        ):
            try:
                return check_and_test(started, sys.argv[1:])
            finally:
                ignore_stop()
                end_descendants(except_for=started.pids)
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Stopped:
        return 130


def check_and_test(started: engines.Engines, arguments: list[str]) -> int:
    """Run everything in order; the tests' summary comes last."""
    production = checks.production(started.database_url, started.redis_url)
    failed = checks.run_checks(checks.STATIC, checks.development())
    failed += checks.run_checks(checks.DJANGO, production)
    if not pytest(arguments, test_environment(production)):
        failed.append("tests")
    return checks.report(failed)


def test_environment(production: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the tests: production, but with stand-ins and plain HTTP."""
    return {
        **production,
        "STANDINS": "1",
        "NABZCLAN_CLIENT_SECRET": "nabzclan-stand-in",
        "PUBLIC_URL": "http://127.0.0.1",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    }


def pytest(arguments: list[str], environment: Mapping[str, str]) -> bool:
    """Run the tests, one worker a processor; say whether all passed."""
    print("tests", flush=True)
    workers = max(2, min(4, os.cpu_count() or 2))
    command = [checks.PYTHON, "-m", "pytest", "-n", str(workers), *arguments]
    done = subprocess.run(command, cwd=checks.ROOT, env=environment, check=False)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
