"""What nobody types into the back office, such as a NUL or a number of 5,000 digits, is a 400."""

import logging
import traceback
from collections.abc import Callable, Iterator

from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse

ADMIN = "/admin/"
NUL = "\0"
BAD = (DataError, OverflowError, ValidationError, ValueError)
"""What Django and PostgreSQL raise where an address or a form holds what a column cannot."""

log = logging.getLogger("lumyx")


class Refused:
    """Middleware: refuses what no page of the back office can read, instead of failing at it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Ask the page."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> None:
        """Refuse a NUL, which PostgreSQL takes in no text."""
        if request.path.startswith(ADMIN) and any(NUL in text for text in _texts(request)):
            raise BadRequest("a NUL was sent")

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """Refuse what a page stumbled over; the log says where, in case the fault is ours."""
        if request.path.startswith(ADMIN) and isinstance(error, BAD):
            at = traceback.extract_tb(error.__traceback__)[-1]
            log.warning(
                "refused below %s: %s at %s:%s", ADMIN, type(error).__name__, at.filename, at.lineno
            )
            raise BadRequest("what was sent cannot be read") from error


def _texts(request: HttpRequest) -> Iterator[str]:
    yield request.path
    for sent in (request.GET, request.POST):
        for name, values in sent.lists():
            yield name
            yield from (value for value in values if isinstance(value, str))
