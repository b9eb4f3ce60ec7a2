"""Keyset paging: a list's next page begins after the last key of the one before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

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
