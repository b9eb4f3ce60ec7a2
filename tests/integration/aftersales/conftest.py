"""After-sales on a migrated database of its own."""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.aftersales.story import Desk


@pytest.fixture
def desk(database_factory: Callable[[str], str]) -> Iterator[Desk]:
    desk = Desk(database_factory("aftersales"))
    yield desk
    desk.store.close()
