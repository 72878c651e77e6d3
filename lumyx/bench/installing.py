"""Install the peers that LumyxAI is measured against, each into a place of its own in `var/bench`.

What is installed is pinned in `lumyx/bench/peers`, with all that it needs. A peer that was
installed before is taken as it is.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from lumyx.bench.processes import ROOT
from lumyx.local import LocalError
from lumyx.local.processes import die_with_parent_at_start

PINS = ROOT / "lumyx" / "bench" / "peers"
HOMES = ROOT / "var" / "bench"
UV = Path(sys.prefix) / "uv" / "bin" / "uv"
SECONDS = 600
NODE_NEEDED = 18


def python_peer(name: str) -> None:
    """Make a virtual environment with a peer from PyPI, where there is none yet."""
    pins, home = PINS / f"{name}.txt", HOMES / name
    if _installed(home, pins):
        return
    if not UV.exists():
        raise LocalError("uv is missing, which installs it")
    _begin(home)
    _run([str(UV), "venv", "--quiet", "--python", sys.executable, str(home)])
    python = str(home / "bin" / "python")
    _run([str(UV), "pip", "install", "--quiet", "--python", python, "--requirements", str(pins)])
    _end(home, pins)


def node_peer(name: str) -> None:
    """Make a directory with a peer from npm, where there is none yet."""
    pins, home = PINS / name / "package-lock.json", HOMES / name
    node()
    if _installed(home, pins):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise LocalError("npm is missing, which installs it")
    _begin(home)
    for file in pins.parent.glob("*.json"):
        shutil.copy(file, home)
    options = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--silent"]
    _run([npm, "ci", *options, "--prefix", str(home)])
    _end(home, pins)


def node() -> str:
    """Return the path of a Node that is new enough."""
    found = shutil.which("node")
    if found is None:
        raise LocalError("Node is missing")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    if int(version.stdout.strip().lstrip("v").split(".")[0]) < NODE_NEEDED:
        raise LocalError(f"Node {NODE_NEEDED} or later is missing")
    return found


def pinned_version(pins: Path, name: str) -> str:
    """Return the version of a package that a requirements file pins."""
    lines = (line.partition("==") for line in pins.read_text().splitlines())
    return next(version for package, _, version in lines if package == name)


def _installed(home: Path, pins: Path) -> bool:
    stamp = home / "installed"
    return stamp.is_file() and stamp.read_text() == _fingerprint(pins)


def _fingerprint(pins: Path) -> str:
    return hashlib.sha256(pins.read_bytes()).hexdigest()


def _begin(home: Path) -> None:
    print(f"bench: installing {home.name} in {home.relative_to(ROOT)}", file=sys.stderr, flush=True)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)


def _end(home: Path, pins: Path) -> None:
    (home / "installed").write_text(_fingerprint(pins))


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            preexec_fn=die_with_parent_at_start,
        )
    except subprocess.TimeoutExpired:
        raise LocalError("it could not be installed in time") from None
    if done.returncode:
        said = (done.stderr.strip() or "nothing was said").splitlines()
        raise LocalError(f"it could not be installed: {said[-1][:200]}")
