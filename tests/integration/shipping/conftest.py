"""A desk on a migrated database of its own."""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.shipping.story import Desk


@pytest.fixture
def desk(database_factory: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give shipping's service, whose working days are Monday to Friday."""
    monkeypatch.setenv("GENDAN_PROFILE", "tryout")
    desk = Desk(database_factory("shipping"))
    yield desk
    desk.store.close()
