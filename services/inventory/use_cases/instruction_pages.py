"""Works instructions as people look at them: one page of one, lists, and those in danger."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from chassis.calendar import WorkingCalendar, calendar_of
from chassis.database import Work
from services.inventory.domain.instruction import ITEMS, Instruction
from services.inventory.domain.lifecycle import InstructionState
from services.inventory.domain.production_report import ProductionReport
from services.inventory.domain.schedule import Outlook, Portion, Progress, Risk, judge
from services.inventory.domain.work_centre import Slot
from services.inventory.storage import (
    instructions,
    materials,
    order_blocks,
    orders,
    recipes,
    work_centres,
)
from services.inventory.storage.pages import Page
from services.inventory.use_cases import drafts, material_stock
from services.inventory.use_cases.guards import check_shown, own_only

# Until goods are made, a date can be missed.
UNMADE = (
    InstructionState.DRAFT,
    InstructionState.ISSUED,
    InstructionState.ACCEPTED,
    InstructionState.RUNNING,
    InstructionState.ABNORMAL,
)
# As many unmade instructions as are judged for one warning list: far more than a factory has.
JUDGED = 1000


# What of its order an instruction's page shows.
SHOWN = (
    "number",
    "stage",
    "customer",
    "consignee",
    "delivery_method",
    "urgency",
    "special_requirements",
    "customer_due",
    "clerk_name",
    "confirmation_version",
)


@dataclass(frozen=True)
class AtRisk:
    """An instruction in danger of being late, for whom it is, and how it stands."""

    instruction: Instruction
    customer_name: str | None
    outlook: Outlook


@dataclass(frozen=True)
class InstructionPage:
    """Everything the printed instruction and its page show beside the instruction itself."""

    instruction: Instruction
    order_shown: Mapping[str, Any]
    items_to_acknowledge: Sequence[str]
    process: str | None
    material: list[dict[str, Any]]
    slots: list[dict[str, Any]]
    reports: Sequence[ProductionReport]
    outlook: Outlook | None
    held: bool


def get_instruction(work: Work, number: str) -> InstructionPage:
    """Give one instruction with all that is printed on it. Raises InstructionNotFound."""
    instruction = instructions.by_number(work.session, number)
    order = orders.find(work.session, instruction.order_id)
    check_shown(work, order, number)
    recipe = recipes.current_of(work.session, [instruction.product_id]).get(instruction.product_id)
    slots = [
        slot
        for slot in work_centres.slots_of(work.session, [instruction.order_id])
        if slot.line_id == instruction.line_id
    ]
    return InstructionPage(
        instruction=instruction,
        order_shown={name: order.view.get(name) for name in SHOWN} if order is not None else {},
        items_to_acknowledge=ITEMS,
        process=recipe.process if recipe else None,
        material=_material(work, instruction),
        slots=_named(work, slots),
        reports=instructions.reports_of(work.session, instruction.id),
        outlook=_outlooks(
            work, [instruction], {(instruction.order_id, instruction.line_id): slots}
        ).get(instruction.id),
        held=order_blocks.standing(work.session, instruction.order_id) is not None,
    )


def _material(work: Work, instruction: Instruction) -> list[dict[str, Any]]:
    holdings = [
        holding
        for holding in material_stock.material_holdings(work, instruction.order_id)
        if holding.line_id == instruction.line_id
    ]
    known = materials.by_ids(work.session, {holding.material_id for holding in holdings})
    return [
        {
            "material_code": holding.material_code,
            "material_name": known[holding.material_id].name,
            "unit": known[holding.material_id].unit,
            "demand": holding.demand,
            "held": holding.held,
            "consumed": holding.consumed,
            "waiting": holding.waiting,
        }
        for holding in holdings
    ]


def _named(work: Work, slots: Sequence[Slot]) -> list[dict[str, Any]]:
    centres = work_centres.by_ids(work.session, {slot.work_centre_id for slot in slots})
    return [
        {
            "work_centre_code": centres[slot.work_centre_id].code,
            "day": slot.day,
            "quantity": slot.quantity,
            "used_at": slot.used_at,
        }
        for slot in slots
    ]


def _outlooks(
    work: Work,
    found: Collection[Instruction],
    slots: Mapping[tuple[UUID, UUID], Sequence[Slot]],
) -> dict[UUID, Outlook]:
    """Judge every instruction that is still to be made and has a date, all at once."""
    calendar = calendar_of(work, for_facts=True)
    centres = work_centres.by_ids(
        work.session, {slot.work_centre_id for group in slots.values() for slot in group}
    )
    reported = instructions.reported_on(work.session, [each.id for each in found], work.today)
    lacking = drafts.material_dates(
        work,
        {
            (each.order_id, each.line_id)
            for each in found
            if each.state in UNMADE and each.started_on is None
        },
    )
    outlooks = {}
    for instruction in found:
        if instruction.state not in UNMADE or instruction.production_due is None:
            continue
        mine = slots.get((instruction.order_id, instruction.line_id), [])
        outlooks[instruction.id] = judge(
            Progress(
                quantity=instruction.quantity,
                produced=instruction.produced_quantity,
                production_due=instruction.production_due,
                # Used slots are of what was finished: an earlier instruction for the line.
                plan=[Portion(slot.day, slot.quantity) for slot in mine if not slot.used_at],
                per_day=centres[mine[0].work_centre_id].per_day if mine else None,
                days_run=_days_run(instruction, work.today, calendar)
                + (instruction.id in reported),
                material_on=lacking.get((instruction.order_id, instruction.line_id), work.today),
            ),
            today=work.today,
            calendar=calendar,
        )
    return outlooks


def _days_run(instruction: Instruction, today: date, calendar: WorkingCalendar) -> int:
    """Count the working days from the start until yesterday: today is not over."""
    if instruction.started_on is None:
        return 0
    days = (today - instruction.started_on).days
    return sum(
        calendar.is_working_day(instruction.started_on + timedelta(days=offset))
        for offset in range(min(days, 400))
    )


def search_instructions(
    work: Work,
    *,
    order_number: str | None,
    product_code: str | None,
    states: Collection[InstructionState],
    due_until: date | None,
    limit: int,
    after: str | None,
) -> Page[Instruction]:
    """List instructions, the latest drafted first."""
    return instructions.search(
        work.session,
        order_number=order_number,
        product_code=product_code,
        states=states,
        due_until=due_until,
        salesperson_id=own_only(work),
        limit=limit,
        after=after,
    )


def instructions_at_risk(
    work: Work, *, limit: int, most_judged: int = JUDGED, stopped_too: bool = True
) -> list[AtRisk]:
    """List what is, or will be, late or behind plan, the earliest due first.

    Of all that are unmade the first due are judged, at most so many; without what a hold stops
    unless `stopped_too`.
    """
    mine = own_only(work)
    found: list[AtRisk] = []
    # The first due are the likeliest to be late: mostly as many are judged as are shown.
    for judged in range(0, most_judged, limit):
        unmade = instructions.in_states(
            work.session,
            UNMADE,
            salesperson_id=mine,
            stopped_too=stopped_too,
            limit=limit,
            offset=judged,
        )
        found += _at_risk(work, unmade)
        if len(found) >= limit or len(unmade) < limit:
            break
    return found[:limit]


def _at_risk(work: Work, unmade: Collection[instructions.Unmade]) -> list[AtRisk]:
    slots: dict[tuple[UUID, UUID], list[Slot]] = {}
    orders = {each.instruction.order_id for each in unmade}
    for slot in work_centres.slots_of(work.session, orders):
        slots.setdefault((slot.order_id, slot.line_id), []).append(slot)
    outlooks = _outlooks(work, [each.instruction for each in unmade], slots)
    return [
        AtRisk(each.instruction, each.customer_name, outlook)
        for each in unmade
        if (outlook := outlooks.get(each.instruction.id)) is not None
        and outlook.risk is not Risk.ON_PLAN
    ]
