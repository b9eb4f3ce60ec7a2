"""What waits for somebody in inventory; each room lists its own, this puts them together."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chassis.database import Work
from services.inventory.use_cases import goods_work, making_work

Source = Callable[[Work, int], list[dict[str, Any]]]

# By the roles whose work a source lists: nobody's is read for a person it does not concern.
SOURCES: tuple[tuple[frozenset[str], Source], ...] = (
    (frozenset({"warehouse"}), goods_work.arrivals_due),
    (frozenset({"warehouse"}), goods_work.transfers_to_move),
    (frozenset({"warehouse"}), goods_work.shortages_to_count),
    (
        frozenset(
            {"technician", "planner", "assistant", "inspector", "clerk", "sales", "supervisor"}
        ),
        making_work.list_making_work,
    ),
    (frozenset(making_work.WARNED), making_work.list_dates_in_danger),
)

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def list_work(work: Work, limit: int) -> list[dict[str, Any]]:
    """List what waits for the principal's roles, earliest due first."""
    items = [
        item
        for roles, source in SOURCES
        if work.principal.has(*roles)
        for item in source(work, limit)
    ]
    items.sort(key=lambda item: item["due_at"] or _END_OF_TIME)
    return items[:limit]
