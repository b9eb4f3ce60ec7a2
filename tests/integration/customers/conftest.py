"""The customers service on a migrated database of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chassis import clock
from tests.integration.customers.story import Office


@pytest.fixture
def clock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The business clock's file, at no offset; write seconds into it to move the days."""
    file = tmp_path / "clock"
    file.write_text("0")
    monkeypatch.setenv("GENDAN_CLOCK_FILE", str(file))
    monkeypatch.setattr(clock, "_LOOK_EVERY_SECONDS", 0.0)
    return file


@pytest.fixture
def office(database_factory: Callable[[str], str], clock_file: Path) -> Iterator[Office]:
    office = Office(database_factory("customers"))
    yield office
    office.assert_ledger_is_whole()
    office.store.close()
