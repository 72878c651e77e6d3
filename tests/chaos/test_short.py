"""The most telling faults of `make chaos`, with small numbers, on engines of their own."""

import subprocess
import sys

from tests.processes import ROOT

TELLING = ["kill", "postgresql", "redis", "commit", "leavers", "guessing"]


def test_the_money_is_exact_whatever_breaks() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lumyx.chaos", "--few", "--only", ",".join(TELLING)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(TELLING)} of {len(TELLING)} kept" in done.stdout
