"""The endpoints that say what calls used: read, call, respond."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

from rest_framework.request import Request

from gateway import runtime, usage
from gateway.async_views import AsyncAPIView
from gateway.errors import bad_request
from gateway.http import Response, object_response


class UsageList(AsyncAPIView):
    """`GET usage`: the account's calls, newest first, with filters and cursor pages."""

    endpoint = "usage"
    scope = "usage"

    async def get(self, request: Request) -> Response:
        """Return one page."""
        try:
            pairs = parse_qsl(
                request.META["QUERY_STRING"],
                keep_blank_values=True,
                errors="strict",
                max_num_fields=40,
            )
        except ValueError:
            raise bad_request("The query string is not valid.") from None
        query = usage.read_query(dict(pairs), now=datetime.now(UTC))
        parts = runtime.current()
        found = await usage.page(parts.pool, self.caller.account, query)
        self.visit.allowance = await parts.limits.peek(self.caller)
        return object_response(found)


class OneRequest(AsyncAPIView):
    """`GET requests/{id}`: one call of the account, by the id that its answer carried."""

    endpoint = "requests"
    scope = "usage"

    async def get(self, request: Request, public_id: str) -> Response:
        """Return one call, or 404."""
        parts = runtime.current()
        found = await usage.find(parts.pool, self.caller.account, public_id)
        self.visit.allowance = await parts.limits.peek(self.caller)
        return object_response(found)
