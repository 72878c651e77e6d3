"""What make hands down to what it starts."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["EXPORT_ROWS", "STORIES", "MACHINES", "KILLS", "FUZZ"])
def test_the_numbers_of_long_stories_reach_the_tests(name: str) -> None:
    """`make stories` sets them, and starts make a second time."""
    done = subprocess.run(
        ["make", f"--eval=probe: ; @echo $${name}", "probe"],
        cwd=ROOT,
        # Not as a part of the make that runs the tests.
        env={n: v for n, v in os.environ.items() if "MAKE" not in n and n != "MFLAGS"}
        | {name: "7"},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout.strip() == "7"
