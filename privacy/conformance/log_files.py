"""Read the service's own log files (`APP_LOGS`): what must be in none, and how old they are."""

import glob
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from gateway import keys

SECONDS = 4.0
BYTES = 8 * 1024 * 1024
"""Of each file the newest part is read."""
LONGEST = 2_000
"""Characters of a line of ours; what is longer has something in it that we did not write."""
KEY = re.compile(rf"lx-[0-9A-Za-z]{{{keys.LENGTH - len(keys.PREFIX)}}}(?![0-9A-Za-z])")
EMAIL = re.compile(r"(?<![\w.+-])(?!celery@)[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}(?![\w-])")
CONTENT = re.compile(
    r"""["'](?:messages|content|prompt|input|instructions|system|completion|choices|text)["']"""
    r"""\s*:\s*["'\[{]"""
)
STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


@dataclass
class Reading:
    """What was read, and what was found in it."""

    files: int = 0
    lines: int = 0
    found: Counter[str] = field(default_factory=Counter)
    where: set[str] = field(default_factory=set)
    oldest: datetime | None = None


def paths() -> list[Path]:
    """Return the log files that the setting names."""
    named = {path for pattern in settings.APP_LOGS for path in glob.glob(pattern, recursive=True)}
    return [path for path in map(Path, sorted(named)) if path.is_file()]


def wrong_with(line: str) -> str:
    """Return what a line holds that no line of ours may hold; empty where it is fine."""
    if any(keys.well_formed(text) for text in KEY.findall(line)):
        return "an API key"
    if CONTENT.search(line):
        return "the body of a call"
    if EMAIL.search(line):
        return "an email address"
    return "a line that is too long to be ours" if len(line) > LONGEST else ""


def read(*, seconds: float = SECONDS) -> Reading:
    """Read the files, each from its newest part on, as far as the time reaches."""
    until = time.monotonic() + seconds
    reading = Reading()
    for path in paths():
        with path.open("rb") as file:
            reading.oldest = min(filter(None, (reading.oldest, _began(path))), default=None)
            file.seek(max(0, path.stat().st_size - BYTES))
            for number, line in enumerate(file):
                if number % 1_000 == 0 and time.monotonic() > until:
                    break
                reading.lines += 1
                wrong = wrong_with(line.decode("utf-8", "replace"))
                if wrong:
                    reading.found[wrong] += 1
                    reading.where.add(path.name)
        reading.files += 1
    return reading


def _began(path: Path) -> datetime:
    """Return the time of a file's first line, or when it was last written where it has none."""
    with path.open("rb") as file:
        head = file.read(4_096).decode("utf-8", "replace")
    found = STAMP.search(head)
    if found is None:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00")


def older_than(days: int, *, now: datetime) -> list[str]:
    """Return the names of the files that reach further back than so many days."""
    old = now - timedelta(days=days)
    return [path.name for path in paths() if _began(path) < old]
