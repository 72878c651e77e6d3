"""Which account the engines run as, where their data lies, and where their programs lie.

PostgreSQL refuses to run as root, so root starts the engines as an unprivileged account;
that account must be able to reach the data and the programs, which is impossible below a
home directory that only its owner may enter.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lumyx.local import LocalError

# Root's own, so that no other account can put something else in its place; never swept as
# temporary directories are.
ELSEWHERE = Path("/var/lib/lumyxai")
NOBODY = 65534


@dataclass(frozen=True)
class Home:
    """A directory for engines that the account they run as can reach."""

    directory: Path
    uid: int
    gid: int

    def as_account(self) -> dict[str, Any]:
        """Return the options of subprocess.Popen that run a program as the account."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> Path:
        """Hand a file or directory over to the account, and to it alone."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.chown(path, self.uid, self.gid)
        return path

    def can_enter(self, directory: Path) -> bool:
        """Say whether the account can reach a directory."""
        return self._succeeds("/bin/sh", "-c", 'cd "$0"', str(directory))

    def program(self, package: str, pattern: str, *, folders: list[str]) -> Path:
        """Return a program of an installed package, copied to where the account can run it.

        The folders, relative to the installed packages, are what the program needs.
        """
        packages = _installed(package).parent
        found = next(packages.glob(pattern), None)
        if found is None:
            raise LocalError(f"{package} has no program for this kind of machine.")
        if self._succeeds(str(found), "--version"):
            return found
        copy = self.directory / f"{package}-{version(package.replace('_', '-'))}"
        if not copy.is_dir():
            _copy(packages, folders, copy)
        return copy / found.relative_to(packages)

    def _succeeds(self, *command: str) -> bool:
        with contextlib.suppress(OSError):
            done = subprocess.run(
                command, capture_output=True, cwd="/", check=False, **self.as_account()
            )
            return done.returncode == 0
        return False


@contextlib.contextmanager
def open_home(directory: Path, *, keep: bool) -> Iterator[Home]:
    """Provide a home for engines: the directory itself, or one elsewhere that it points to.

    Where the home is elsewhere and not to be kept, it is removed afterwards.
    """
    directory.mkdir(parents=True, exist_ok=True)
    home = find_home(directory)
    if home.directory == directory:
        yield home
        return
    try:
        for name in ("postgresql", "valkey"):
            _point(directory / name, home.directory / name)
        yield home
    finally:
        if not keep:
            shutil.rmtree(home.directory, ignore_errors=True)


def find_home(directory: Path) -> Home:
    """Return where the engines of a directory live, or will."""
    directory = directory.resolve()
    if os.geteuid() != 0:
        return Home(directory, os.geteuid(), os.getegid())
    uid, gid = _account(directory)
    home = Home(directory, uid, gid)
    if home.can_enter(directory):
        return home
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    elsewhere = ELSEWHERE / name
    elsewhere.mkdir(mode=0o755, parents=True, exist_ok=True)
    for made in (elsewhere, ELSEWHERE):
        made.chmod(0o755)
    return Home(elsewhere, uid, gid)


def _account(directory: Path) -> tuple[int, int]:
    """Choose who runs the engines: the data's owner, the directory's, or nobody."""
    for owned in (directory / "postgresql", directory, directory.parent):
        with contextlib.suppress(FileNotFoundError):
            owner = owned.stat()
            if owner.st_uid != 0:
                return owner.st_uid, owner.st_gid
    with contextlib.suppress(KeyError):
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid
    return NOBODY, NOBODY


def _point(link: Path, target: Path) -> None:
    """Have a name in `var/` lead to data elsewhere; without the name, that data is old."""
    if link.is_symlink() and link.readlink() == target:
        return
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        raise LocalError(f"{link} is there already; `make clean` removes it, with its data.")
    shutil.rmtree(target, ignore_errors=True)
    link.symlink_to(target)


def _installed(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise LocalError(f"{package} is not installed.")
    return Path(spec.origin).parent


def _copy(packages: Path, folders: list[str], copy: Path) -> None:
    """Copy folders so that everybody can read them, the whole of them or nothing."""
    new = copy.with_name(copy.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in folders:
        if (packages / folder).is_dir():
            shutil.copytree(
                packages / folder,
                new / folder,
                symlinks=True,
                ignore=shutil.ignore_patterns("include", "__pycache__", "*.py"),
            )
    for path in (new, *new.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
    new.rename(copy)
