"""What may be told of a log record, whoever wrote it.

Our own loggers name ids alone. Libraries quote paths, values and what an exception says, which
may be a visitor's own text: of theirs the sentence is told without its arguments, and of an
exception its type and the places that it passed.
"""

import itertools
import logging
import traceback
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from celery import current_task

from gateway import ids

ROOT = f"{Path(__file__).resolve().parents[2]}/"
PACKAGES = "site-packages/"
TRUSTED = ("lumyx", "uvicorn", "celery", "psycopg")
"""Loggers whose arguments are their own: ids, addresses of engines, numbers of processes."""
LONGEST_MESSAGE, MOST_OF_PLACES, MOST_CAUSES = 500, 800, 4
"""In characters, and in exceptions: `privacy.conformance.log_files` takes a longer line for one
that holds what we did not write."""


def message(record: logging.LogRecord) -> str:
    """Return what happened, in one line that quotes nobody."""
    text = " ".join(_message(record).split())
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"


def _message(record: logging.LogRecord) -> str:
    task = _task_of(record)
    if task is not None:
        return f"Task {task['name']} {task.get('description', 'failed')}"
    if hasattr(record, "request"):
        # Django's message ends with the path, or is the text of a header.
        return _phrase(getattr(record, "status_code", 500))
    if record.name == "py.warnings":
        return _warning(record.getMessage())
    trusted = record.name.partition(".")[0] in TRUSTED
    if trusted and (_is_ours(record) or not record.exc_info):
        return _filled_in(record)
    return str(record.msg).partition("\n")[0].strip()


def context(record: logging.LogRecord) -> dict[str, Any]:
    """Return for which request or task it happened: ids, a route, a status."""
    found: dict[str, Any] = {}
    if request_id := ids.under_way.get():
        found["request_id"] = request_id
    if hasattr(record, "request"):
        found["status"] = getattr(record, "status_code", 500)
        match = getattr(record.request, "resolver_match", None)
        if match is not None:
            found["route"] = match.route
    task = _task_of(record)
    if task is not None:
        found |= {"task": task["name"], "task_id": task["id"]}
    elif current_task:
        found |= {"task": current_task.name, "task_id": current_task.request.id}
    return found


def failure(record: logging.LogRecord) -> dict[str, Any]:
    """Return the types of an exception and its causes, and the places that it passed."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return {}
    causes = itertools.islice(_causes(error), MOST_CAUSES)
    types = [f"{type(one).__module__}.{type(one).__qualname__}" for one in causes]
    return {"exception": [name.removeprefix("builtins.") for name in types], "at": _places(error)}


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "lumyx"


def _task_of(record: logging.LogRecord) -> dict[str, Any] | None:
    """Return what Celery says of a task that failed, were it not for its arguments."""
    data = getattr(record, "data", None)
    return data if isinstance(data, dict) and {"name", "id"} <= data.keys() else None


def _filled_in(record: logging.LogRecord) -> str:
    try:
        return record.getMessage().strip()
    except (TypeError, ValueError):
        # Its arguments do not fit; left to itself, logging would print them all.
        return str(record.msg)


def _warning(text: str) -> str:
    """Return what kind of warning it is and where from, of `file:line: kind: words`."""
    at, _, rest = text.partition(": ")
    return f"{rest.partition(': ')[0]} at {place(at)}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        hidden = error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)


def _places(error: BaseException) -> list[str]:
    frames = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), lookup_lines=False
    )
    places: list[str] = []
    left = MOST_OF_PLACES
    # The last ones say most.
    for frame in reversed(frames):
        at = f"{place(frame.filename)}:{frame.lineno} {frame.name}"
        left -= len(at)
        if left < 0:
            break
        places.insert(0, at)
    return places


def place(filename: str) -> str:
    """Return a file's path below the project, or below the packages."""
    return filename.rpartition(PACKAGES)[2].removeprefix(ROOT)
