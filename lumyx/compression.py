"""Pages travel compressed; files and downloads as they are."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class CompressedPages(GZipMiddleware):
    """Middleware: compress what is sent whole; what is streamed may be large, or packed already.

    Django's own pads with random bytes, so that lengths do not betray what a page holds (BREACH).
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress a whole answer where the browser can read it."""
        if response.streaming:
            return response
        return super().process_response(request, response)  # type: ignore[arg-type, no-any-return, unused-ignore]
