"""`make mutants`: change the ledger and the pricing in small ways, and see that a test notices.

mutmut makes the changes, one at a time, and runs the tests that reach them. The run fails where
fewer than 90 of 100 are noticed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lumyx.local import LocalError, checks, engines, test
from lumyx.local.processes import adopt_orphans, end_descendants

LEAST_PERCENT = 90


def main() -> int:
    """Make the mutants, try them, and return the exit status."""
    adopt_orphans()
    with (
        tempfile.TemporaryDirectory(prefix="lumyx-mutants-") as directory,
        engines.running(Path(directory), durable=False) as started,
    ):
        environment = {
            **test.test_environment(checks.production(started.database_url, started.redis_url)),
            "TESTS_KEEP_DATABASE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        try:
            return try_all(environment)
        except LocalError as error:
            print(f"\n{error}", file=sys.stderr)
            return 1
        finally:
            end_descendants(except_for=started.pids)


def try_all(environment: dict[str, str]) -> int:
    """Prepare the database and run mutmut; return 0 where enough mutants are noticed."""
    for command in (["migrate", "--verbosity", "0"], ["make_partitions"]):
        run([sys.executable, "manage.py", *command], environment)
    run([sys.executable, "-m", "mutmut", "run", "--max-children", "1"], environment)
    found = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"],
        cwd=checks.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    results = [line.rsplit(": ", 1) for line in found.splitlines() if ": " in line]
    survivors = [name.strip() for name, result in results if result not in NOTICED]
    noticed = 100 * (len(results) - len(survivors)) / max(len(results), 1)
    print("\n".join(f"survived: {name}" for name in survivors))
    print(f"{len(results)} mutants, {noticed:.1f} % noticed")
    return 0 if noticed >= LEAST_PERCENT else 1


NOTICED = {"killed", "timeout", "caught by type check"}


def run(command: list[str], environment: dict[str, str]) -> None:
    """Run a command; raises LocalError where it fails."""
    if subprocess.run(command, cwd=checks.ROOT, env=environment, check=False).returncode:
        raise LocalError(f"{' '.join(command[1:])} failed.")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
