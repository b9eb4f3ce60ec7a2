"""Cursors of lists ordered by a moment and an id."""

from datetime import datetime
from uuid import UUID

from chassis.errors import InvalidFields


def cursor(at: datetime, row_id: UUID) -> str:
    """Give the cursor that stands after one row."""
    return f"{at.isoformat()}~{row_id}"


def position(after: str) -> tuple[datetime, UUID]:
    """Read a cursor. Raises InvalidFields for anything that is none of ours."""
    at, _, row_id = after.partition("~")
    try:
        moment, found = datetime.fromisoformat(at), UUID(row_id)
    except ValueError:
        moment, found = None, None
    if moment is None or moment.tzinfo is None or found is None:
        raise InvalidFields({"after": ["Not a cursor of this list."]})
    return moment, found
