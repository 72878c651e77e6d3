"""The bench measures loopback alone, and its own tools count rightly."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lumyx.bench.load import NotLoopback, Target
from lumyx.bench.processes import ROOT, serving
from lumyx.local.processes import free_port


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "localhost.example.com", "8.8.8.8"])
def test_load_is_put_on_loopback_alone(host: str) -> None:
    with pytest.raises(NotLoopback):
        Target("chat", f"http://{host}:80/", {})


@pytest.mark.parametrize("kind", ["whole", "stream", "paced"])
def test_the_bundled_generator_counts_what_the_bundled_mock_answers(
    kind: str, tmp_path: Path
) -> None:
    port, keys = free_port(), tmp_path / "keys"
    keys.write_text("a\nb\n")
    mock = [sys.executable, "-m", "lumyx.bench.bundled_mock", str(port)]
    generator = [sys.executable, "-m", "lumyx.bench.generator"]
    with serving(mock, port=port, log=tmp_path / "log"):
        url = f"http://127.0.0.1:{port}/{kind}/chat/completions"
        done = subprocess.run(
            [*generator, url, str(keys), "{}", "4", "3"],
            cwd=ROOT,
            capture_output=True,
            check=True,
            timeout=30,
        )
    found = json.loads(done.stdout)
    assert (found["not_200"], found["broken"]) == (0, 0)
    assert found["requests"] >= 4
