"""What all tests share: one database, one web server, one provider stand-in per worker.

Tests go through the public door, so what they write is committed; each makes a customer of
its own and nothing is flushed.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe as stripe_library
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from gateway import partitions
from gateway.models import Dialect, Provider
from lumyx.standins import behaviours
from tests import databases
from tests.customers import Customer, make_customer
from tests.models import CAPABILITIES, add_model
from tests.people import MAIL, NABZCLAN_PATHS, NabzClanProcess
from tests.processes import PROVIDER_KEY, ProviderProcess, Server
from tests.shop import StripeProcess

# The passwords of the staff that tests make, a quarter of a second each; servers take them as well.
PBKDF2PasswordHasher.iterations = 1


@pytest.fixture(scope="session", autouse=True)
def database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Make this worker's own database with the real migrations, and drop it in the end."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    # Each worker's Redis is a database of its own, too.
    if os.environ.get("TESTS_KEEP_DATABASE"):
        # `make mutants` has prepared it, since it runs the tests hundreds of times.
        with django_db_blocker.unblock():
            yield
            connections.close_all()
        return
    number = int(worker.removeprefix("gw")) + 1
    settings.REDIS_URL = settings.REDIS_URL.rsplit("/", 1)[0] + f"/{number}"
    with django_db_blocker.unblock(), databases.copied(f"test_lumyx_{worker}"):
        partitions.make()
        yield


@pytest.fixture(scope="session")
def nabzclan(database: None) -> Iterator[NabzClanProcess]:
    """The stand-in of NabzClan, which the server and the tests' own process ask."""
    process = NabzClanProcess()
    before = "{0.scheme}://{0.netloc}".format(urlsplit(settings.NABZCLAN_AUTHORIZE_URL))
    for name, path in NABZCLAN_PATHS.items():
        setattr(settings, name, f"{process.url}{path}")
    rules: dict[str, Any] = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    rules["form-action"] = [process.url if url == before else url for url in rules["form-action"]]
    yield process
    process.stop()


@pytest.fixture(scope="session")
def stripe(database: None) -> Iterator[StripeProcess]:
    """The stand-in of Stripe, which the server and the tests' own process ask."""
    process = StripeProcess()
    settings.STRIPE_API_HOST = process.url
    stripe_library.api_base = process.url  # as dj-stripe sets it when it is loaded
    yield process
    process.stop()


@pytest.fixture(scope="session")
def exports_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where people's exports lie; tombstones have a place of their own."""
    path = tmp_path_factory.mktemp("exports")
    settings.EXPORT_DIR = str(path)
    settings.TOMBSTONE_DIR = str(tmp_path_factory.mktemp("tombstones"))
    return path


@pytest.fixture(scope="session")
def environment(
    database: None, nabzclan: NabzClanProcess, stripe: StripeProcess, exports_directory: Path
) -> dict[str, str]:
    """The environment of processes that work on the tests' database."""
    at = connections["default"].settings_dict
    place = f"{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}"
    return {
        "DATABASE_URL": f"postgresql://{place}/{at['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "STANDIN_NABZCLAN_URL": nabzclan.url,
        "STANDIN_STRIPE_URL": stripe.url,
        "EMAIL_URL": f"file://{MAIL}",
        "EXPORT_DIR": str(exports_directory),
        "TOMBSTONE_DIR": settings.TOMBSTONE_DIR,
        # All tests come from one address.
        "SIGN_INS_PER_MINUTE": "100000",
    }


@pytest.fixture(scope="session")
def provider(database: None) -> Iterator[ProviderProcess]:
    """The provider stand-in, with a model for each behaviour in each of its two dialects."""
    process = ProviderProcess()
    row = standin_row("standin", process, Dialect.OPENAI)
    other = standin_row("standin-anthropic", process, Dialect.ANTHROPIC)
    for name in (*behaviours.LISTED, *EXTRA_BEHAVIOURS):
        add_model(name, row)
        add_model(f"anthropic/{name}", other, upstream_name=name)
    thinking = [*CAPABILITIES, "reasoning"]
    for prefix, at in (("", row), ("anthropic/", other)):
        add_model(f"{prefix}thinker", at, upstream_name="echo-reasoning", capabilities=thinking)
        add_model(f"{prefix}params", at, upstream_name="echo-says-params", capabilities=thinking)
    adaptive = [*thinking, "adaptive_thinking"]
    add_model("adaptive", other, upstream_name="echo-adaptive", capabilities=adaptive)
    add_model("echo-embed", row, upstream_name="echo", capabilities=["embeddings"])
    add_model("echo-complete", row, upstream_name="echo", capabilities=["chat", "completions"])
    yield process
    process.stop()


def standin_row(name: str, process: ProviderProcess, dialect: Dialect) -> Provider:
    row = Provider(name=name, base_url=process.url, dialect=dialect)
    row.key = PROVIDER_KEY
    row.save()
    return row


EXTRA_BEHAVIOURS = (
    "echo-fail-400",
    "echo-fail-401",
    "echo-fail-404",
    "echo-fail-429",
    "echo-fail-500",
    "echo-fail-503",
    "echo-fail-529",
    "echo-slow+no-usage",
    "echo-long+ignores-max",
    "echo-tokens-60000",
    "echo-drip-5",
    "echo-drip-7+crlf",
    "echo-reset-1",
    "echo-reset-700",
)


@pytest.fixture(scope="session")
def server(
    environment: dict[str, str], provider: ProviderProcess, stripe: StripeProcess
) -> Iterator[Server]:
    process = Server(environment=environment)
    stripe.listen(process)
    yield process
    process.stop()


@pytest.fixture
def customer(database: None) -> Customer:
    return make_customer()


@pytest.fixture
def new_customer(database: None) -> Callable[..., Customer]:
    return make_customer
