"""Make `.venv` and install pinned requirements into it, where they are not there already.

Runs as a script, before anything is installed: it may import the standard library alone.

    python3 -I lumyx/local/install.py requirements.txt
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
EVERYTHING = "requirements-dev.txt"
# uv installs in seconds what takes pip a minute. It lives beside the packages that it
# manages, so that it may remove whatever the requirements do not name.
UV = "uv==0.13.9"
UV_HOME = VENV / "uv"


def main() -> None:
    """Install the requirements that the command line names."""
    if sys.version_info < (3, 11):  # noqa: UP036  this script meets any Python
        sys.exit(
            f"LumyxAI needs Python 3.11 or later, and {sys.executable} is"
            f" {platform.python_version()}. Try: make PYTHON=python3.12 …"
        )
    try:
        install(sys.argv[1])
    except subprocess.CalledProcessError as error:
        sys.exit(f"Could not install the packages: {Path(error.cmd[0]).name} failed; see above.")
    except KeyboardInterrupt:
        sys.exit(130)


def install(requirements: str) -> None:
    """Install a requirements file; nothing happens where its packages are there already."""
    installed = _read_stamp()
    if installed.get(requirements) == fingerprint(requirements):
        return
    # Tests need more than the service: once installed, that stays.
    if EVERYTHING in installed:
        requirements = EVERYTHING
    begun = time.monotonic()
    print(f"Installing packages from {requirements}…", flush=True)
    if installed.get("python") != platform.python_version() or not VENV_PYTHON.exists():
        _make_venv()
    STAMP.unlink(missing_ok=True)
    _install_packages(ROOT / requirements)
    _write_stamp(requirements)
    print(f"Installed packages in {time.monotonic() - begun:.0f} s.", flush=True)


def fingerprint(requirements: str) -> str:
    """Return a hash of what a requirements file asks for."""
    return hashlib.sha256((ROOT / requirements).read_bytes()).hexdigest()


def _read_stamp() -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    usable = VENV_PYTHON.exists() and stamp.get("python") == platform.python_version()
    return stamp if usable else {}


def _write_stamp(requirements: str) -> None:
    names = {requirements, "requirements.txt"}  # requirements-dev.txt holds both
    stamp = {"python": platform.python_version(), **{name: fingerprint(name) for name in names}}
    STAMP.write_text(json.dumps(stamp, indent=1))


def _make_venv() -> None:
    """Make a virtual environment without pip, which would take six more seconds."""
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], check=True)


def _install_packages(requirements: Path) -> None:
    uv = UV_HOME / "bin" / "uv"
    if not _runs([str(uv), "--version"], wanted=UV.replace("==", " ")):
        shutil.rmtree(UV_HOME, ignore_errors=True)
        _run([*_pip(), "install", "-q", "--no-deps", "--target", str(UV_HOME), UV], check=False)
    sync = [str(uv), "pip", "sync", "-q", "--python", str(VENV_PYTHON), str(requirements)]
    if uv.exists() and _run(sync, check=False) == 0:
        return
    print("uv could not install them; trying pip, which takes a minute…", flush=True)
    _run([*_pip(), "install", "-q", "-r", str(requirements)], check=True)


def _pip() -> list[str]:
    """Return the start of a command line for pip that works on the virtual environment."""
    outer = [sys.executable, "-m", "pip"]
    if _runs([*outer, "--python", str(VENV_PYTHON), "--version"]):
        return [*outer, "--python", str(VENV_PYTHON)]
    inner = [str(VENV_PYTHON), "-m", "pip"]
    if not _runs([*inner, "--version"]) and _run(
        [str(VENV_PYTHON), "-m", "ensurepip"], check=False, quiet=True
    ):
        sys.exit(
            f"{sys.executable} has neither pip nor ensurepip. On Debian and Ubuntu:"
            " apt-get install python3-venv"
        )
    return inner


def _runs(command: list[str], wanted: str = "") -> bool:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.returncode == 0 and wanted in done.stdout


def _run(command: list[str], *, check: bool, quiet: bool = False) -> int:
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("VIRTUAL_ENV", None)
    output = subprocess.DEVNULL if quiet else None
    try:
        done = subprocess.run(command, check=check, env=environment, stdout=output, stderr=output)
    except OSError:
        return 127
    return done.returncode


if __name__ == "__main__":
    main()
