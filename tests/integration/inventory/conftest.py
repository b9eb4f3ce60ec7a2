"""Inventory on a migrated database of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis import clock
from tests.integration.inventory.goods_story import Goods
from tests.integration.inventory.making_story import Works


@pytest.fixture
def goods(database_factory: Callable[[str], str]) -> Iterator[Goods]:
    """Give inventory's service, as those who move goods know it."""
    goods = Goods(database_factory("inventory"))
    yield goods
    goods.store.close()


@pytest.fixture
def clock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The business clock's file, at no offset; write seconds into it to move the days."""
    file = tmp_path / "clock"
    file.write_text("0")
    monkeypatch.setenv("GENDAN_CLOCK_FILE", str(file))
    monkeypatch.setattr(clock, "_LOOK_EVERY_SECONDS", 0.0)
    return file


@pytest.fixture
def works(
    database_factory: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Works]:
    """Give the works with kraft for 2000 bags, whose working days are Monday to Friday."""
    monkeypatch.setenv("GENDAN_PROFILE", "tryout")
    works = Works(database_factory("inventory"))
    works.masters()
    yield works
    works.check_ledgers()
    works.store.close()
