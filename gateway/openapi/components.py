"""The schemas of the public API, as OpenAPI 3.0 components."""

from gateway.openapi.answers import ANSWERS, ERRORS
from gateway.openapi.requests import REQUESTS
from gateway.openapi.schemas import Json

SCHEMAS: Json = REQUESTS | ANSWERS | ERRORS
SECURITY: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, `lx-…`."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
COMPONENTS: Json = {"schemas": SCHEMAS, "securitySchemes": SECURITY}
