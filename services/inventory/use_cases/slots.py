"""Work-centre slots: drafted from free capacity, booked by signature, moved with the slide."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.calendar import calendar_of
from chassis.database import Work
from services.inventory.domain.order import LineCopy, OrderCopy
from services.inventory.domain.schedule import (
    ZERO,
    Load,
    Placement,
    Portion,
    place_from,
    place_until,
)
from services.inventory.domain.work_centre import Slot, WorkCentre
from services.inventory.storage import instructions, products, work_centres


@dataclass(frozen=True)
class LinePlan:
    """Where a line would be made at the earliest; None where no capacity is known for it."""

    line: LineCopy
    centre: WorkCentre | None = None
    portions: tuple[Portion, ...] = ()

    @property
    def ready_on(self) -> date | None:
        return self.portions[-1].day if self.portions else None

    def as_figures(self) -> dict[str, Any]:
        return {
            "line_id": str(self.line.id),
            "line_no": self.line.line_no,
            "product_code": self.line.product_code,
            "quantity": str(self.line.quantity),
            "work_centre_code": self.centre.code if self.centre else None,
            "per_day": str(self.centre.per_day) if self.centre else None,
            "ready_on": self.ready_on.isoformat() if self.ready_on else None,
        }


@dataclass
class _Board:
    """The work centres with their loads, while lines are placed on them one after the other."""

    centres: dict[UUID, WorkCentre]
    loads: dict[UUID, Load]
    categories: dict[UUID, str]

    def able(self, line: LineCopy) -> list[WorkCentre]:
        category = self.categories.get(line.product_id, "")
        return [centre for centre in self.centres.values() if centre.can_make(category)]

    def earliest(self, line: LineCopy, start: date) -> LinePlan:
        """Find the place where a line is ready first; nothing is taken by that."""
        best: tuple[date, str] | None = None
        chosen = LinePlan(line)
        for centre in self.able(line):
            portions = place_from(line.quantity, self.loads[centre.id], start)
            if portions and (best is None or (portions[-1].day, centre.code) < best):
                best = (portions[-1].day, centre.code)
                chosen = LinePlan(line, centre, tuple(portions))
        return chosen

    def take(self, plan: LinePlan) -> None:
        """Keep the place of a line taken for those that come after it."""
        if plan.centre is not None:
            load = self.loads[plan.centre.id]
            self.loads[plan.centre.id] = load.with_portions([*plan.portions])

    def until(self, line: LineCopy, centre: WorkCentre, *, start: date, due: date) -> Placement:
        """Place a line on a centre so that it is ready at `due`, and keep the place taken."""
        placement = place_until(line.quantity, self.loads[centre.id], start=start, due=due)
        self.loads[centre.id] = self.loads[centre.id].with_portions(placement.portions)
        return placement


def _board(work: Work, order: OrderCopy, *, lock: bool, besides_own: bool = True) -> _Board:
    """Read the work centres, without the order's own slots; locked in the one order of codes."""
    centres = work_centres.active(work.session, lock=lock)
    calendar = calendar_of(work, for_facts=True)
    booked = work_centres.booked(
        work.session,
        since=work.today,
        besides_order=order.order_id if besides_own else None,
    )
    made = products.by_ids(work.session, {line.product_id for line in order.made_lines})
    return _Board(
        centres={centre.id: centre for centre in centres},
        loads={
            centre.id: Load(centre.per_day, calendar, booked.get(centre.id, {}))
            for centre in centres
        },
        categories={product_id: product.category for product_id, product in made.items()},
    )


def draft(work: Work, order: OrderCopy, *, start: date) -> list[LinePlan]:
    """Draft when each made line can be ready at the earliest, from `start` on."""
    board = _board(work, order, lock=False)
    plans = []
    for line in order.made_lines:
        plans.append(board.earliest(line, start))
        board.take(plans[-1])
    return plans


def book(
    work: Work,
    order: OrderCopy,
    *,
    due_by_line: Mapping[UUID, date],
    centre_by_line: Mapping[UUID, str],
    start: date,
) -> dict[str, Any]:
    """Book slots for the signed dates, in place of those the order had; give the figures.

    Raises WorkCentreNotFound and WorkCentreInactive for a centre the planner named, and
    CalendarYearMissing.
    """
    _require_calendar(work, due_by_line.values())
    named = {
        line_id: work_centres.by_code(work.session, code)
        for line_id, code in centre_by_line.items()
    }
    for chosen in named.values():
        chosen.require_active()
    board = _board(work, order, lock=True)
    lines = []
    work_centres.free_slots(work.session, order.order_id)
    for line in order.made_lines:
        due = due_by_line[line.id]
        centre = named.get(line.id) or board.earliest(line, start).centre
        over = ZERO
        if centre is not None:
            over = _place(work, board, order.order_id, line, centre=centre, start=start, due=due)
        lines.append(
            {
                "line_id": str(line.id),
                "line_no": line.line_no,
                "quantity": str(line.quantity),
                "production_due": due.isoformat(),
                "work_centre_code": centre.code if centre else None,
                "over_capacity": str(over),
            }
        )
    return {"lines": lines}


def book_further(work: Work, order: OrderCopy, line: LineCopy, *, due: date) -> None:
    """Book slots for what a further instruction makes of a line, in place of those it had.

    The days that the line's first making used stay as they are, so it begins after them. The
    slots of the order's other lines are not placed anew, so they are as taken as anybody's.
    Raises CalendarYearMissing.
    """
    _require_calendar(work, [due])
    booked = work_centres.slots_of(work.session, [order.order_id])
    used = [slot.day for slot in booked if slot.used_at and slot.line_id == line.id]
    start = max([work.today, *(day + timedelta(days=1) for day in used)])
    work_centres.free_slots(work.session, order.order_id, line.id)
    board = _board(work, order, lock=True, besides_own=False)
    centre = board.earliest(line, start).centre
    if centre is not None and due >= start:
        _place(work, board, order.order_id, line, centre=centre, start=start, due=due)


def _require_calendar(work: Work, dues: Iterable[date]) -> None:
    """Refuse to promise a day of a year whose working days nobody has entered."""
    calendar = calendar_of(work)
    for due in dues:
        calendar.is_working_day(due)


def _place(
    work: Work,
    board: _Board,
    order_id: UUID,
    line: LineCopy,
    *,
    centre: WorkCentre,
    start: date,
    due: date,
) -> Decimal:
    placement = board.until(line, centre, start=min(start, due), due=due)
    work.session.add_all(
        Slot(
            order_id=order_id,
            line_id=line.id,
            work_centre_id=centre.id,
            day=portion.day,
            quantity=portion.quantity,
            production_due=due,
        )
        for portion in placement.portions
    )
    return placement.over_capacity


def keep_to_dates(work: Work, order: OrderCopy) -> list[UUID]:
    """Move the slots of lines whose date has slid; gives those lines.

    Slots are placed anew for the new date, so the outcome depends on dates alone and doing it
    twice changes nothing.
    """
    slots = [s for s in work_centres.slots_of(work.session, [order.order_id]) if not s.used_at]
    # Once goods were made the date slides no more: a further instruction has its own.
    if not slots or instructions.has_further(work.session, order.order_id):
        return []
    centre_of = {slot.line_id: slot.work_centre_id for slot in slots}
    due_of = {slot.line_id: slot.production_due for slot in slots}
    slid = {
        line.id
        for line in order.made_lines
        if line.id in due_of and line.production_due not in (None, due_of[line.id])
    }
    board = _board(work, order, lock=True) if slid else None
    # A centre that is no longer planned on keeps its slots until the planner signs others.
    if board is None or not all(centre_id in board.loads for centre_id in centre_of.values()):
        return []
    for slot in slots:
        work.session.expunge(slot)
    work_centres.free_slots(work.session, order.order_id)
    for line in order.made_lines:
        if line.id in due_of:
            due = line.production_due or due_of[line.id]
            centre = board.centres[centre_of[line.id]]
            _place(work, board, order.order_id, line, centre=centre, start=work.today, due=due)
    return sorted(slid)


def free_dropped(work: Work, order: OrderCopy) -> None:
    """Give back what lines have booked that the order has made no more at this revision."""
    made = {line.id for line in order.made_lines}
    work_centres.free_slots_besides(work.session, order.order_id, made)


def free(work: Work, order_id: UUID, line_id: UUID | None = None) -> None:
    """Give back what an order, or one of its lines, has booked and not used."""
    work_centres.free_slots(work.session, order_id, line_id)
