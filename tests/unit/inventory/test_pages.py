"""Cursors come back as they were given, and anything else is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from chassis.errors import InvalidFields
from services.inventory.storage.pages import after_day, after_day_and_id, after_moment

MOMENT = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
ROW_ID = UUID(int=7)


def test_a_cursor_of_ours_is_read() -> None:
    assert after_moment(f"{MOMENT.isoformat()}|{ROW_ID}") == (MOMENT, ROW_ID)
    assert after_day("2026-11-22|A-1") == (date(2026, 11, 22), "A-1")
    assert after_day_and_id(f"2026-11-22|{ROW_ID}") == (date(2026, 11, 22), ROW_ID)


@pytest.mark.parametrize("read", [after_moment, after_day, after_day_and_id])
@pytest.mark.parametrize("cursor", ["", "|", "x|y", "2026-13-01|1", f"|{ROW_ID}", "9999999|1"])
def test_what_is_no_cursor_is_refused(read: Callable[[str], object], cursor: str) -> None:
    with pytest.raises(InvalidFields):
        read(cursor)


def test_a_moment_without_its_offset_is_refused() -> None:
    with pytest.raises(InvalidFields):
        after_moment(f"2026-11-22T01:02:03|{ROW_ID}")
