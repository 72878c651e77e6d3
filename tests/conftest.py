"""What all tests share: one database, one web server, one provider stand-in per worker.

Tests go through the public door, so what they write is committed; each makes a customer of
its own and nothing is flushed.
"""

import os
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from pytest_django.plugin import DjangoDbBlocker

from gateway import partitions
from gateway.models import Provider
from lumyx.standins import behaviours
from tests.customers import Customer, make_customer
from tests.models import add_model
from tests.processes import PROVIDER_KEY, ProviderProcess, Server


@pytest.fixture(scope="session", autouse=True)
def database(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Make this worker's own database with the real migrations, and drop it in the end."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    # Each worker's Redis is a database of its own, too.
    number = int(worker.removeprefix("gw")) + 1
    settings.REDIS_URL = settings.REDIS_URL.rsplit("/", 1)[0] + f"/{number}"
    connections["default"].settings_dict["TEST"]["NAME"] = f"test_lumyx_{worker}"
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        partitions.make()
        yield
        connections.close_all()
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def environment(database: None) -> dict[str, str]:
    """The environment of processes that work on the tests' database."""
    at = connections["default"].settings_dict
    place = f"{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}"
    return {
        "DATABASE_URL": f"postgresql://{place}/{at['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
    }


@pytest.fixture(scope="session")
def provider(database: None) -> Iterator[ProviderProcess]:
    process = ProviderProcess()
    row = Provider(name="standin", base_url=process.url)
    row.key = PROVIDER_KEY
    row.save()
    for name in (*behaviours.LISTED, *EXTRA_BEHAVIOURS):
        add_model(name, row)
    yield process
    process.stop()


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
)


@pytest.fixture(scope="session")
def server(environment: dict[str, str], provider: ProviderProcess) -> Iterator[Server]:
    process = Server(environment=environment)
    yield process
    process.stop()


@pytest.fixture
def customer(database: None) -> Customer:
    return make_customer()


@pytest.fixture
def new_customer(database: None) -> Callable[..., Customer]:
    return make_customer
