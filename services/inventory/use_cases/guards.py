"""What every move of a statement or instruction is checked for beside its own table."""

import os
from datetime import date

from chassis.calendar import WorkingCalendar
from chassis.database import Work
from chassis.settings import TRYOUT
from services.inventory.domain.errors import OrderOnHold
from services.inventory.domain.instruction import Signed
from services.inventory.domain.order import OrderCopy
from services.inventory.storage import order_blocks


def check_not_held(work: Work, order: OrderCopy) -> None:
    """Raise OrderOnHold while any block of the order stands; its row is locked."""
    block = order_blocks.standing(work.session, order.order_id)
    if block is not None:
        raise OrderOnHold(order_number=order.number, reason=block.reason)


def signed(work: Work) -> Signed:
    """Give the signature of who acts, now."""
    return Signed(work.principal.person_id, work.principal.name, work.now)


def own_only(work: Work) -> str | None:
    """Give whose customers the asker may see, None for all."""
    return work.principal.person_id if work.principal.limited_to_own_customers else None


def working_calendar(work: Work, *, for_facts: bool = False) -> WorkingCalendar:
    """Give the calendar of working days as the settings have it.

    `for_facts`: a year nobody has entered counts as Monday to Friday, because a warning or a
    date that slid is not refused for want of a calendar.
    """
    return WorkingCalendar(
        years=frozenset(int(year) for year in work.setting("calendar_years")),
        overrides={
            date.fromisoformat(day): bool(worked)
            for day, worked in work.setting("calendar_overrides").items()
        },
        assume_weekdays=for_facts or os.environ.get("GENDAN_PROFILE") == TRYOUT,
    )
