"""Errors for Sentry: what the log says of them, by an allow-list, and nothing else.

Only log records of level ERROR are reported, alarms among them. Requests, users, variables,
breadcrumbs and what exceptions say never leave: an event is made anew of what may.
"""

import logging
from typing import TYPE_CHECKING, Any

from django.conf import settings

from lumyx.logs import telling

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

KEPT = ("event_id", "timestamp", "level", "logger", "platform", "environment", "release", "sdk")
OF_EXCEPTION = ("type", "module")
OF_FRAME = ("function", "lineno", "module", "in_app")


def start() -> None:
    """Report this process's errors from now on, where that is set."""
    if not settings.SENTRY_DSN:
        return
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
            AtexitIntegration(callback=lambda *_: None),
        ],
        before_send=scrub,
        before_send_transaction=lambda *_: None,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        server_name="",
    )


def scrub(event: "Event", hint: "Hint") -> "Event | None":
    """Return what may be told of an event, or nothing where no log record is behind it."""
    record = hint.get("log_record")
    if record is None:
        return None
    sent: Any = event
    told: Any = {name: sent[name] for name in KEPT if name in sent}
    told["message"] = telling.message(record)
    told["tags"] = {name: str(value) for name, value in telling.context(record).items()}
    values = (sent.get("exception") or {}).get("values") or []
    if values:
        told["exception"] = {"values": [_exception(value) for value in values]}
    result: Event = told
    return result


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    told: dict[str, Any] = {name: value.get(name) for name in OF_EXCEPTION}
    told["stacktrace"] = {"frames": [_frame(frame) for frame in frames]}
    return told


def _frame(frame: dict[str, Any]) -> dict[str, Any]:
    told = {name: frame.get(name) for name in OF_FRAME}
    return {**told, "filename": telling.place(frame.get("abs_path") or "")}
