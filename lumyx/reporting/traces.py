"""Traces for OpenTelemetry: how long requests and tasks took, by route, status and id.

Spans are our own: the usual instrumentation writes down addresses, paths, headers and queries.
A trace that a client begins is not continued, nor do providers hear of ours.
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable
from celery import signals
from django.conf import settings
from django.urls import get_resolver

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
API = "/api"
Application = Callable[[Any, ASGIReceiveCallable, ASGISendCallable], Awaitable[None]]

_spans: dict[str, Any] = {}
"""The spans of this process's tasks under way."""


def start() -> None:
    """Send this process's spans from now on, in the background."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "lumyx"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def traced(application: Application) -> Application:
    """Return an ASGI application that traces its requests, where that is set."""
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        return application
    start()
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind

    tracer = _tracer()

    async def tracing(scope: Any, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            return await application(scope, receive, send)
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        route = route_of(scope["path"])
        with tracer.start_as_current_span(
            f"{method} {route}",
            context=Context(),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "http.route": route},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def noting(message: Any) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    for name, value in message["headers"]:
                        if name.lower() == b"x-request-id":
                            span.set_attribute("lumyx.request_id", value.decode("latin-1"))
                await send(message)

            return await application(scope, receive, noting)

    return tracing


@lru_cache(maxsize=1_024)
def route_of(path: str) -> str:
    """Return the pattern that a path matches, which unlike the path names nobody."""
    try:
        if path.startswith(f"{API}/"):
            route = get_resolver("gateway.api_urls").resolve(path[len(API) :]).route
            return f"api/{route}"
        if path == "/playground/chat/completions":
            return path[1:]
        return get_resolver().resolve(path).route
    except Exception:
        return "unknown"


def trace_tasks() -> None:
    """Trace what Celery's workers do, where that is set; each begins after it was forked."""
    if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        signals.worker_process_init.connect(_begin, dispatch_uid="traces: start")
        signals.task_prerun.connect(_task_begins, dispatch_uid="traces: begin")
        signals.task_postrun.connect(_task_ended, dispatch_uid="traces: end")


def _begin(**_: Any) -> None:
    start()


def _tracer() -> Any:
    from opentelemetry import trace

    return trace.get_tracer("lumyx")


def _task_begins(task_id: str, task: Any, **_: Any) -> None:
    attributes = {"lumyx.task_id": task_id}
    _spans[task_id] = _tracer().start_span(task.name, attributes=attributes)


def _task_ended(task_id: str, state: str | None = None, **_: Any) -> None:
    span = _spans.pop(task_id, None)
    if span is not None:
        span.set_attribute("lumyx.task_state", state or "")
        span.end()
