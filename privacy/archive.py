"""The ZIP of an export: each data set as JSON and CSV, a readable page, and a manifest.

Everything is streamed, so that memory does not grow with the rows. The layout is versioned.
"""

import csv
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Q
from django.template.loader import render_to_string

from accounts.data_sets import DataSet
from accounts.models import User

VERSION = 1
PAGE = 1_000
"""Rows that are read and written at once."""
SHOWN = 25
"""Rows of each data set that the readable page shows."""
LONGEST_SHOWN = 200
"""Characters of a cell there; the files have all."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
ELSEWHERE = {
    "NabzClan": "your account there, which LumyxAI cannot read",
    "Stripe": "your payments there, of which the copies that we keep are in this export",
}


@dataclass
class Written:
    """A file of the export, as the manifest tells of it."""

    file: str
    rows: int
    bytes: int
    sha256: str


@dataclass
class Part:
    """A data set of the export."""

    name: str
    title: str
    about: str
    purposes: list[str]
    recipients: list[str]
    kept: str
    delete_by: str | None
    rows: int = 0
    columns: list[str] = field(default_factory=list)
    files: list[Written] = field(default_factory=list)


class Digested:
    """A member of the ZIP that is being written, with its length and digest."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, text: str) -> None:
        """Write text as UTF-8."""
        data = text.encode()
        self._digest.update(data)
        self.bytes += len(data)
        self._target.write(data)

    def told(self, name: str, *, rows: int) -> Written:
        """Return what the manifest says of the file."""
        return Written(name, rows, self.bytes, self._digest.hexdigest())


class Encoder(DjangoJSONEncoder):
    """JSON of what columns hold; bytes become base64."""

    def default(self, o: Any) -> Any:
        """Return something that JSON knows."""
        if isinstance(o, (bytes, memoryview)):
            return b64encode(bytes(o)).decode()
        return super().default(o)


def write(
    user: User,
    sets: list[DataSet],
    path: Path,
    *,
    now: datetime,
    moved: Callable[[int], object],
) -> None:
    """Write somebody's export; `moved` is told the rows written since it was last told."""
    parts: list[Part] = []
    shown: list[tuple[Part, list[list[str]]]] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for entry in sets:
            part, sample = _write_set(archive, entry, user, now=now, moved=moved)
            parts.append(part)
            shown.append((part, sample))
        page = render_to_string(
            "privacy/export.html", {"user": user, "shown": shown, "at": now, "version": VERSION}
        )
        with _member(archive, "index.html") as file:
            file.write(page)
            index = file.told("index.html", rows=0)
        manifest = {
            "format": "LumyxAI export",
            "version": VERSION,
            "made_at": now.isoformat(),
            "data_sets": [asdict(part) for part in parts],
            "other_files": [asdict(index)],
            "not_read": ELSEWHERE,
        }
        with _member(archive, "manifest.json") as file:
            file.write(json.dumps(manifest, indent=2))


@contextmanager
def _member(archive: zipfile.ZipFile, name: str) -> Iterator[Digested]:
    with archive.open(name, "w", force_zip64=True) as target:
        yield Digested(target)


def _write_set(
    archive: zipfile.ZipFile,
    entry: DataSet,
    user: User,
    *,
    now: datetime,
    moved: Callable[[int], object],
) -> tuple[Part, list[list[str]]]:
    columns = list(entry.columns)
    part = Part(
        name=entry.name,
        title=entry.title,
        about=entry.about,
        purposes=[str(purpose) for purpose in entry.purposes],
        recipients=[str(recipient) for recipient in entry.recipients],
        kept=entry.kept,
        delete_by=(now + timedelta(days=entry.days)).date().isoformat() if entry.days else None,
        columns=columns,
    )
    sample: list[list[str]] = []
    # Two members of a ZIP cannot be open at once, and two readings might differ: the CSV waits
    # on the disk.
    with tempfile.TemporaryFile() as spool:
        as_csv = Digested(spool)
        as_csv.write(_csv_line(columns))
        with _member(archive, f"{entry.name}.json") as as_json:
            head = {"format": "LumyxAI export", "version": VERSION, "data_set": entry.name}
            as_json.write(json.dumps(head)[:-1] + ', "rows": [')
            for rows in _pages(entry, user):
                for row in rows:
                    values = dict(zip(columns, row, strict=True))
                    as_json.write(",\n" if part.rows else "\n")
                    as_json.write(json.dumps(values, cls=Encoder))
                    as_csv.write(_csv_line([_cell(value) for value in row]))
                    part.rows += 1
                    if len(sample) < SHOWN:
                        sample.append([_shown(value) for value in row])
                moved(len(rows))
            as_json.write("\n]}\n")
        spool.seek(0)
        with archive.open(f"{entry.name}.csv", "w", force_zip64=True) as member:
            shutil.copyfileobj(spool, member)
    part.files = [
        as_json.told(f"{entry.name}.json", rows=part.rows),
        as_csv.told(f"{entry.name}.csv", rows=part.rows),
    ]
    return part, sample


def _pages(entry: DataSet, user: User) -> Iterator[list[tuple[Any, ...]]]:
    """Return the columns of somebody's rows, page after page, each a short statement."""
    found = entry.shown_to(user).order_by(*entry.order)
    last: tuple[Any, ...] = ()
    while True:
        page = found.filter(_after(entry.order, last)) if last else found
        # What is written comes first, then what says where the next page begins.
        rows = list(page.values_list(*entry.columns, *[F(name) for name in entry.order])[:PAGE])
        if not rows:
            return
        yield [row[: len(entry.columns)] for row in rows]
        if len(rows) < PAGE:
            return
        last = rows[-1][len(entry.columns) :]


def _after(order: tuple[str, ...], last: tuple[Any, ...]) -> Q:
    """Return what is true of the rows behind the last one."""
    behind = Q()
    for n, name in enumerate(order):
        equal = dict(zip(order[:n], last, strict=False))
        behind |= Q(**equal, **{f"{name}__gt": last[n]})
    # For the index: the rest alone would have it read from its beginning.
    return Q(**{f"{order[0]}__gte": last[0]}) & behind


def _cell(value: Any) -> Any:
    """Return a value as a cell that no spreadsheet takes for a formula; numbers are none."""
    if value is None or isinstance(value, (int, float)):
        return value
    text = _text(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, cls=Encoder).strip('"')


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = _text(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _csv_line(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
