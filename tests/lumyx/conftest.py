"""The provider stand-in by itself, for tests of what it does on the wire."""

from collections.abc import Iterator

import pytest

from tests.lumyx.standin import StandIn


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    process = StandIn()
    yield process
    process.stop()
