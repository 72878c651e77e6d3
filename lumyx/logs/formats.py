"""The two forms of a log line: JSON for machines, text for people."""

import json
import logging
from datetime import UTC, datetime

from lumyx.logs import telling


class JsonLines(logging.Formatter):
    """Writes each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a time is UTC."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": telling.message(record),
            **telling.context(record),
            **telling.failure(record),
            "process": record.process,
        }
        return json.dumps(told, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """Writes the same for a terminal, the places of an exception in lines of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line and what belongs to it."""
        line = f"{self.formatTime(record)} {record.levelname} {record.name}"
        line = f"{line} {telling.message(record)}"
        context = telling.context(record)
        if context:
            line += f" ({', '.join(f'{name} {value}' for name, value in context.items())})"
        failure = telling.failure(record)
        if failure:
            places = "".join(f"\n    {place}" for place in failure["at"])
            line += f"\n  {' from '.join(failure['exception'])}{places}"
        return line
