"""The public API is described as OpenAPI, rightly and in full."""

import copy
import uuid
from typing import Any

import pytest
import requests
import schemathesis
from django.urls import URLPattern
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate
from requests.structures import CaseInsensitiveDict
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway import api_urls
from gateway.openapi.requests import REQUESTS
from gateway.openapi.schema import document
from tests.customers import Customer, make_customer
from tests.processes import Server

CALLED = {"/api/" + str(p.pattern).replace("<path:", "{").replace("<str:", "{").replace(">", "}")
          for p in [*api_urls.CALLS, *api_urls.READINGS]}  # fmt: skip
NOT_DESCRIBED = {"/api/v1/openapi.json"}


def test_the_document_is_valid() -> None:
    validate(document())


def test_every_public_path_is_described_and_no_other() -> None:
    assert all(isinstance(p, URLPattern) for p in api_urls.urlpatterns)
    assert set(document()["paths"]) == CALLED - NOT_DESCRIBED


def test_it_is_served_to_everybody(server: Server) -> None:
    served = requests.get(f"{server.api}/openapi.json", timeout=10)
    assert served.status_code == 200
    assert served.headers["Content-Type"] == "application/json"
    assert served.json() == document()


def pointed_at_models() -> dict[str, Any]:
    """The document, with models that exist here: any other is a 404, again and again."""
    schema = copy.deepcopy(document())
    for name, body in schema["components"]["schemas"].items():
        if name in REQUESTS:
            models = ["echo", "anthropic/echo", "echo-embed", "nope"]
            body["properties"]["model"] = {"type": "string", "enum": models}
    return schema


@pytest.fixture(scope="module")
def rich(database: None) -> Customer:
    return make_customer(credit=10**12)


api = schemathesis.openapi.from_dict(pointed_at_models())


@api.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
def test_no_call_that_it_allows_fails_or_surprises(
    case: schemathesis.Case[Any], server: Server, rich: Customer
) -> None:
    headers: dict[str, Any] = dict(case.headers or {}) | rich.headers
    if "Idempotency-Key" in headers:
        # The tool would send the same one again and again, and never get beyond a 409.
        headers["Idempotency-Key"] = uuid.uuid4().hex
    case.headers = CaseInsensitiveDict(headers)
    response = case.call(base_url=server.url)
    assert response.status_code < 500, response.text
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
