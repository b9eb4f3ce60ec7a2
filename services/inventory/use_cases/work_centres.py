"""Work centres: made, changed, searched, and the board of what is booked on them."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from chassis.calendar import calendar_of
from chassis.database import Work
from chassis.errors import guard_version
from services.inventory.domain.errors import WorkCentreCodeTaken, WorkCentreInUse
from services.inventory.domain.schedule import Load
from services.inventory.domain.work_centre import BoardDay, Slot, WorkCentre
from services.inventory.storage import orders, work_centres
from services.inventory.storage.pages import Page
from services.inventory.use_cases.changes import require_why
from services.inventory.use_cases.guards import own_only


def create_work_centre(work: Work, facts: Mapping[str, Any]) -> WorkCentre:
    """Make a work centre. Raises WorkCentreCodeTaken."""
    if work_centres.code_is_taken(work.session, facts["code"]):
        raise WorkCentreCodeTaken(work_centre_code=facts["code"])
    centre = WorkCentre(work_centre_id=uuid4(), created_at=work.now, facts=facts)
    work.session.add(centre)
    work.session.flush()
    work.log("work_centre", centre.code, "create_work_centre")
    return centre


def change_work_centre(
    work: Work,
    code: str,
    facts: Mapping[str, Any],
    *,
    expected_version: int | None,
    reason: str | None,
    note: str | None,
) -> WorkCentre:
    """Change a work centre, saying why. Raises WorkCentreInUse where one with slots is closed."""
    centre = work_centres.by_code(work.session, code, lock=True)
    guard_version(code, centre.version, expected_version)
    why = require_why(reason)
    changes = centre.change(facts)
    if not centre.active and work_centres.has_slots_since(work.session, centre.id, work.today):
        raise WorkCentreInUse(work_centre_code=code)
    if changes:
        work.log("work_centre", code, "change_work_centre", changes=changes, reason=why, note=note)
        work.session.flush()
    return centre


def get_work_centre(work: Work, code: str) -> WorkCentre:
    """Give a work centre. Raises WorkCentreNotFound."""
    return work_centres.by_code(work.session, code)


def search_work_centres(
    work: Work, *, active: bool | None, limit: int, after: str | None
) -> Page[WorkCentre]:
    """List work centres by code."""
    return work_centres.search(work.session, active=active, limit=limit, after=after)


def board(work: Work, code: str, *, since: date | None, days: int) -> list[BoardDay]:
    """Give a work centre's days from `since` (today) on, with what is booked.

    For whom is shown to sales of own customers only.
    """
    centre = work_centres.by_code(work.session, code)
    start = since or work.today
    slots = work_centres.slots_on(
        work.session, centre.id, since=start, until=start + timedelta(days=days - 1)
    )
    names = orders.by_ids(work.session, {slot.order_id for slot in slots})
    own = own_only(work)
    numbers = {
        order_id: order.number
        for order_id, order in names.items()
        if own in (None, order.salesperson_id)
    }
    by_day: dict[date, list[Slot]] = {}
    for slot in slots:
        by_day.setdefault(slot.day, []).append(slot)
    booked = {day: sum((s.quantity for s in on), Decimal(0)) for day, on in by_day.items()}
    calendar = calendar_of(work, for_facts=True)
    load = Load(centre.per_day, calendar, booked)
    return [
        BoardDay(
            day=day,
            per_day=centre.per_day if calendar.is_working_day(day) else Decimal(0),
            booked=booked.get(day, Decimal(0)),
            free=load.free_on(day),
            slots=[(slot, numbers.get(slot.order_id)) for slot in by_day.get(day, [])],
        )
        for day in (start + timedelta(days=offset) for offset in range(days))
    ]
