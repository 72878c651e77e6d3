"""The absence scan outside the database: Redis, people's exports, and applications' log files."""

import glob
import gzip
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast

import redis
from django.conf import settings

from privacy.absence import Trace
from privacy.finder import Finder, kinds
from privacy.identifiers import Identifier

CHUNK = 1 << 20
OVERLAP = 1_024
"""What is read twice, lest something lie across two chunks."""


def scan(found: Sequence[Identifier]) -> tuple[dict[str, int], list[Trace]]:
    """Return how much was looked through of what, and what was found there."""
    finder = Finder(found, words=False)
    looked: dict[str, int] = {}
    traces: list[Trace] = []
    for name, texts in (
        ("redis keys", in_redis()),
        ("exports", _exports()),
        ("log files", _logs()),
    ):
        places: set[str] = set()
        for place, text in texts:
            places.add(place)
            hits = finder.hits(text.decode("utf-8", "replace"))
            traces += [Trace(place, kind, 1) for kind in sorted(kinds(finder, hits))]
        looked[name] = len(places)
    return looked, list(dict.fromkeys(traces))


def forget(found: Sequence[Identifier]) -> int:
    """Delete what Redis keeps under a name of the person, such as the counters of their keys."""
    finder = Finder(found, words=False)
    gone = 0
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=30) as client:
        for key in client.scan_iter(count=1_000):
            if finder.hits(key.decode("utf-8", "replace")):
                gone += int(client.delete(key))
    return gone


def in_redis() -> Iterator[tuple[str, bytes]]:
    """Give every key and value of whatever kind, and a place that quotes neither."""
    # Only the first word of a key is named: the rest may be what is looked for.
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=30) as client:
        for number, key in enumerate(client.scan_iter(count=1_000)):
            word = re.split(rb"[^a-z]", key, maxsplit=1, flags=re.IGNORECASE)[0].decode()
            place = f"redis {word or 'key'} {number}"
            yield place, key
            for value in _values(client, key):
                yield place, value


def _values(client: "redis.Redis", key: bytes) -> Iterator[bytes]:
    kind = cast(bytes, client.type(key))
    read: dict[bytes, Any] = {
        b"string": lambda: [client.get(key)],
        b"list": lambda: client.lrange(key, 0, -1),
        b"set": lambda: client.smembers(key),
        b"zset": lambda: client.zrange(key, 0, -1),
        b"hash": lambda: [part for pair in client.hgetall(key).items() for part in pair],
        b"stream": lambda: [
            part
            for _, fields in cast(list[tuple[bytes, dict[bytes, bytes]]], client.xrange(key))
            for pair in fields.items()
            for part in pair
        ],
    }
    try:
        found = read[kind]() if kind in read else []
    except redis.ResponseError:
        return  # it became something else meanwhile
    for value in found:
        if value is not None:
            yield value


def _exports() -> Iterator[tuple[str, bytes]]:
    directory = Path(settings.EXPORT_DIR)
    for path in sorted(directory.glob("*")) if directory.is_dir() else []:
        place = f"export {path.suffix}"
        yield place, path.name.encode()
        try:
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        with archive.open(name) as member:
                            for text in _chunks(member):
                                yield place, text
        except (FileNotFoundError, zipfile.BadZipFile):
            continue  # it ended meanwhile, or is being written


def _logs() -> Iterator[tuple[str, bytes]]:
    for pattern in settings.APP_LOGS:
        for name in sorted(glob.glob(pattern, recursive=True)):
            path = Path(name)
            if not path.is_file():
                continue
            place = f"log file {path.name}"
            with _open(path) as file:
                for text in _chunks(file):
                    yield place, text


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    tail = b""
    while data := file.read(CHUNK):
        yield tail + data
        tail = data[-OVERLAP:]
