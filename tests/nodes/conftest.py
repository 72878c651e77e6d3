"""Web nodes of one service, and models that answer slowly."""

from collections.abc import Callable

import pytest

from gateway.models import Model, Provider
from tests.models import add_model
from tests.processes import ProviderProcess


@pytest.fixture(scope="session")
def slow_model(provider: ProviderProcess) -> Callable[[str], str]:
    """Return what makes a model of a behaviour of the stand-in, once."""

    def made(behaviour: str) -> str:
        if not Model.objects.filter(name=behaviour).exists():
            add_model(behaviour, Provider.objects.get(name="standin"))
        return behaviour

    return made
