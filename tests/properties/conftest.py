"""One running system for all properties: an example makes its own customers and orders."""

from collections.abc import Iterator

import pytest

from deploy.local.engines import Engines
from tests.properties.house import House, running_house
from tests.templates import Templates


@pytest.fixture(scope="module")
def house(
    engines: Engines,
    templates: Templates,
    session_tag: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """The system with everybody in it."""
    folder = tmp_path_factory.mktemp("properties") / "system"
    with running_house(engines, templates, f"{session_tag}_properties", folder) as running:
        yield running
