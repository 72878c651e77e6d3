"""Assemble the OpenAPI document, and serve it."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from gateway.openapi.components import COMPONENTS
from gateway.openapi.operations import OPERATIONS
from gateway.openapi.schemas import Json

ALIASED = "/api/v1/v1/"
DESCRIPTION = """Calls to many AI models through one endpoint, in OpenAI's or Anthropic's dialect.

Fields beyond those described here pass through to a provider of the same dialect. Calls that
are refused use up no limit and cost nothing. Content is never stored or logged."""


class Described(AutoSchema):
    """Takes each operation from our own table, since no serializer stands behind it."""

    def get_operation(self, path: str, *args: Any) -> Json | None:
        """Return the operation of a view's method, or None for paths that are not public."""
        name = type(self.view).__name__
        if name not in OPERATIONS or path.startswith(ALIASED):
            return None
        operation = {"operationId": name[0].lower() + name[1:], **OPERATIONS[name]}
        return {**operation, "security": [{"bearer": []}, {"apiKey": []}]}


@cache
def document() -> Json:
    """Return the description of the whole public API, OpenAPI 3.0."""
    # drf-spectacular has no types.
    generator: Any = SchemaGenerator(urlconf="gateway.openapi.urls")  # type: ignore[no-untyped-call]
    found: Json = generator.get_schema(public=True)
    found["components"] = COMPONENTS
    return found
