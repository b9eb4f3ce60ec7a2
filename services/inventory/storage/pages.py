"""Keyset paging: a list's next page begins after the last key of the one before."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar
from uuid import UUID

from chassis.errors import InvalidFields

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursor of the rest (None: there is none)."""

    items: Sequence[Row]
    next: str | None


def page(rows: Sequence[Row], limit: int, key: Callable[[Row], str]) -> Page[Row]:
    """Cut rows that were read with `limit + 1` to a page."""
    items = rows[:limit]
    return Page(items, key(items[-1]) if len(rows) > limit else None)


def after_moment(cursor: str) -> tuple[datetime, UUID]:
    """Read the cursor of a list by moment and id. Raises InvalidFields for none of ours."""
    at, _, row_id = cursor.partition("|")
    with _only_ours():
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, UUID(row_id)


def after_day(cursor: str) -> tuple[date, str]:
    """Read the cursor of a list by day and number. Raises InvalidFields for none of ours."""
    day, _, number = cursor.partition("|")
    with _only_ours():
        return date.fromisoformat(day), number


def after_day_and_id(cursor: str) -> tuple[date, UUID]:
    """Read the cursor of a list by day and id. Raises InvalidFields for none of ours."""
    day, row_id = after_day(cursor)
    with _only_ours():
        return day, UUID(row_id)


def after_codes(cursor: str, count: int) -> list[str]:
    """Read the cursor of a list by several codes. Raises InvalidFields for none of ours."""
    codes = cursor.split("|")
    with _only_ours():
        if len(codes) != count:
            raise ValueError(cursor)
    return codes


@contextmanager
def _only_ours() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise InvalidFields({"after": ["Not a cursor of this list."]}) from error
