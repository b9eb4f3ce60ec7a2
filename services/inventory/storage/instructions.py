"""Works instructions and the daily production report."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select, tuple_
from sqlalchemy.orm import Bundle, Session

from chassis.database import Work
from chassis.roundtrips import ask
from services.inventory.domain.errors import InstructionNotFound, ReportNotFound
from services.inventory.domain.instruction import Instruction
from services.inventory.domain.lifecycle import InstructionState
from services.inventory.domain.order import OrderCopy
from services.inventory.domain.production_report import ProductionReport
from services.inventory.storage.pages import Page, after_day_and_id, after_moment, page


class Reported(NamedTuple):
    """An entry of the daily production report, and what is shown of what it was about."""

    report: Any
    instruction: Any


def by_number(session: Session, number: str) -> Instruction:
    """Load an instruction. Raises InstructionNotFound."""
    found = session.scalars(select(Instruction).where(Instruction.number == number)).one_or_none()
    if found is None:
        raise InstructionNotFound(instruction_number=number)
    return found


def locked(session: Session, number: str) -> Instruction:
    """Load an instruction to be moved; the caller has locked its order's row, which guards it."""
    session.flush()  # What is read anew must not lose what was changed here.
    return session.scalars(
        select(Instruction)
        .where(Instruction.number == number)
        .execution_options(populate_existing=True)
    ).one()


def order_of(session: Session, number: str) -> UUID:
    """Give the order that an instruction is for. Raises InstructionNotFound."""
    order_id = session.scalar(select(Instruction.order_id).where(Instruction.number == number))
    if order_id is None:
        raise InstructionNotFound(instruction_number=number)
    return order_id


def of_order(session: Session, order_id: UUID) -> Sequence[Instruction]:
    """Load an order's instructions by number; a caller that moves them has locked the order."""
    session.flush()  # What is read anew must not lose what was changed here.
    return session.scalars(
        select(Instruction)
        .where(Instruction.order_id == order_id)
        .order_by(Instruction.number)
        .execution_options(populate_existing=True)
    ).all()


def has_further(session: Session, order_id: UUID) -> bool:
    """Tell whether a line of the order has a further instruction."""
    wanted = exists().where(Instruction.order_id == order_id, Instruction.part > 1)
    return bool(session.scalar(select(wanted)))


def search(
    session: Session,
    *,
    order_number: str | None,
    product_code: str | None,
    states: Collection[InstructionState],
    due_until: date | None,
    salesperson_id: str | None,
    limit: int,
    after: str | None,
) -> Page[Instruction]:
    """List instructions, the latest drafted first."""
    query = select(Instruction).order_by(Instruction.drafted_at.desc(), Instruction.id.desc())
    wanted: list[ColumnElement[bool]] = []
    if order_number is not None:
        wanted.append(Instruction.order_number == order_number)
    if product_code is not None:
        wanted.append(Instruction.product_code == product_code)
    if states:
        wanted.append(Instruction.state.in_(states))
    if due_until is not None:
        wanted.append(Instruction.production_due <= due_until)
    if salesperson_id is not None:
        query = query.join(OrderCopy, OrderCopy.order_id == Instruction.order_id)
        wanted.append(OrderCopy.salesperson_id == salesperson_id)
    if after is not None:
        wanted.append(tuple_(Instruction.drafted_at, Instruction.id) < after_moment(after))
    rows = session.scalars(query.where(*wanted).limit(limit + 1)).all()
    return page(rows, limit, lambda row: f"{row.drafted_at.isoformat()}|{row.id}")


class Unmade(NamedTuple):
    """An instruction that is not done, and for whom it is."""

    instruction: Instruction
    customer_name: str | None


# State by state, each in the order of the index of what is open: of several together all would be
# read, and so they would be where PostgreSQL takes each state for as frequent as all others.
_UNMADE = """
select i.id, (select view #>> '{{customer,name}}' from order_copy o where o.order_id = i.order_id)
    as customer_name
from unnest(%(states)s::text[]) as asked(state)
cross join lateral (
    select id, order_id, production_due, number from instruction
    where state = asked.state and state not in ('stocked', 'cancelled'){own}
    and (%(stopped_too)s or state = 'running' or not exists (
        select from order_block b where b.order_id = instruction.order_id and b.lifted_at is null))
    order by production_due, number limit %(upto)s
) as i
order by i.production_due, i.number limit %(limit)s offset %(offset)s
"""
_ALL_UNMADE = _UNMADE.format(own="")
_OWN_ORDER = (
    " and (select salesperson_id from order_copy o where o.order_id = instruction.order_id)"
    " = %(own)s"
)
_OWN_UNMADE = _UNMADE.format(own=_OWN_ORDER)


def in_states(
    session: Session,
    states: Collection[InstructionState],
    *,
    salesperson_id: str | None,
    stopped_too: bool,
    limit: int,
    offset: int,
) -> list[Unmade]:
    """List instructions in some states, of a salesperson's customers or all, first due first.

    What a hold stops is left out unless `stopped_too`; what is running runs on.
    """
    asked = {
        "states": [str(state) for state in states],
        "own": salesperson_id,
        "stopped_too": stopped_too,
        "upto": limit + offset,
        "limit": limit,
        "offset": offset,
    }
    rows = ask(session.connection(), _ALL_UNMADE if salesperson_id is None else _OWN_UNMADE, asked)
    wanted = select(Instruction).where(Instruction.id.in_([row.id for row in rows]))
    loaded = {each.id: each for each in session.scalars(wanted)}
    return [Unmade(loaded[row.id], row.customer_name) for row in rows]


# By what comes next for an instruction, as Instruction.follows has it; what passed is in whole
# steps of its unit, so that the bound of the tolerance need not be rounded to them. A hold stops
# every move but reports and the customer's consent. What is running waits for its next report,
# so it is looked for twice: without one of the day, and with it.
_WAITING_OF = """
select i.number, i.order_number, i.due_on, i.drafted_at, i.follows,
    (select view #>> '{{customer,name}}' from order_copy o where o.order_id = i.order_id)
    as customer_name
from unnest(%(states)s::text[], %(reported)s::boolean[]) as asked(state, reported)
cross join lateral (
    select number, order_id, order_number, drafted_at, follows, case asked.reported
        when false then %(report_on)s::date when true then %(next_report_on)s::date
        else production_due end as due_on
    from instruction, lateral (select case
        when part > 1 and production_due is null then 'plan'
        when state = 'finished' and jsonb_typeof(inspected) = 'object' then 'countersign'
        when state = 'inspected' and not into_free_stock
            and accepted_before + passed_quantity
                < (accepted_before + quantity) * (100 - tolerance_under) / 100
            and ((customer_consent ->> 'quantity')::numeric <= passed_quantity) is not true
            then 'record_consent'
        else state end as follows) as f
    where state = asked.state and state not in ('stocked', 'cancelled')
    and follows = any(%(follows)s){own}
    and (asked.reported is null or asked.reported = exists (
        select from production_report r where r.instruction_id = instruction.id
            and r.reported_on = %(today)s and not r.corrected))
    and (follows in ('running', 'record_consent') or into_free_stock or not exists (
        select from order_block b where b.order_id = instruction.order_id and b.lifted_at is null))
    order by production_due, number limit %(limit)s
) as i
order by i.due_on, i.number limit %(limit)s
"""
_WAITING = _WAITING_OF.format(own="")
_OWN_WAITING = _WAITING_OF.format(own=_OWN_ORDER)


class ReportDays(NamedTuple):
    """Today, and when a report is due: where today's is missing, and where it is in."""

    today: date
    missing_on: date
    next_on: date


def waiting(
    work: Work,
    states: Collection[InstructionState],
    follows: Collection[str],
    days: ReportDays,
    limit: int,
) -> Sequence[Any]:
    """Give what is shown of instructions for which one of `follows` comes next, first due first.

    Of a salesperson's customers only for a salesperson. `follows` are as Instruction.follows
    has them; `states` are those in which they come next.
    """
    looks: list[tuple[str, bool | None]] = [
        (str(state), reported)
        for state in states
        for reported in ((False, True) if state is InstructionState.RUNNING else (None,))
    ]
    asked = {
        "states": [state for state, _ in looks],
        "reported": [reported for _, reported in looks],
        "follows": [str(each) for each in follows],
        "today": days.today,
        "report_on": days.missing_on,
        "next_report_on": days.next_on,
        "own": work.principal.person_id,
        "limit": limit,
    }
    own = work.principal.limited_to_own_customers
    return ask(work.connection, _OWN_WAITING if own else _WAITING, asked)


def reports_of(session: Session, instruction_id: UUID) -> Sequence[ProductionReport]:
    """Load the daily reports of an instruction, corrected ones too, by day."""
    return session.scalars(
        select(ProductionReport)
        .where(ProductionReport.instruction_id == instruction_id)
        .order_by(ProductionReport.reported_on, ProductionReport.recorded_at, ProductionReport.id)
    ).all()


def report(session: Session, instruction: Instruction, report_id: UUID) -> ProductionReport:
    """Load a standing report of an instruction. Raises ReportNotFound."""
    found = session.get(ProductionReport, report_id)
    if found is None or found.instruction_id != instruction.id or found.corrected:
        raise ReportNotFound(instruction_number=instruction.number, report_id=report_id)
    return found


def reported_on(session: Session, instruction_ids: Collection[UUID], day: date) -> set[UUID]:
    """Give which of the instructions have a standing report of a day."""
    return set(
        session.scalars(
            select(ProductionReport.instruction_id).where(
                ProductionReport.instruction_id.in_(instruction_ids),
                ProductionReport.reported_on == day,
                ProductionReport.corrected.is_(False),
            )
        )
    )


def reported(session: Session, instruction_id: UUID) -> tuple[Decimal, Decimal]:
    """Sum up the standing reports: what was produced and what was scrapped."""
    row = session.execute(
        select(
            func.coalesce(func.sum(ProductionReport.quantity), 0),
            func.coalesce(func.sum(ProductionReport.scrap), 0),
        ).where(
            ProductionReport.instruction_id == instruction_id,
            ProductionReport.corrected.is_(False),
        )
    ).one()
    return Decimal(row[0]), Decimal(row[1])


# An instruction has fifty columns; a page of entries shows these of its fifty instructions.
_REPORT: Bundle[Any] = Bundle("report", *(column for column in ProductionReport.__table__.c))
_ABOUT: Bundle[Any] = Bundle(
    "instruction",
    Instruction.number,
    Instruction.order_number,
    Instruction.line_no,
    Instruction.part,
    Instruction.product_code,
    Instruction.product_name,
    Instruction.spec,
    Instruction.unit,
    Instruction.unit_decimals,
    Instruction.quantity,
    Instruction.produced_quantity,
    Instruction.production_due,
    Instruction.state,
)


def reports_by_day(
    session: Session,
    *,
    since: date,
    until: date,
    salesperson_id: str | None,
    limit: int,
    after: str | None,
) -> Page[Reported]:
    """List the daily production report (生产日报表) of some days, standing entries only."""
    query = (
        select(_REPORT, _ABOUT)
        .join(Instruction, Instruction.id == ProductionReport.instruction_id)
        .where(
            ProductionReport.reported_on.between(since, until),
            ProductionReport.corrected.is_(False),
        )
        .order_by(ProductionReport.reported_on, ProductionReport.id)
    )
    if salesperson_id is not None:
        query = query.join(OrderCopy, OrderCopy.order_id == Instruction.order_id)
        query = query.where(OrderCopy.salesperson_id == salesperson_id)
    if after is not None:
        place = tuple_(ProductionReport.reported_on, ProductionReport.id)
        query = query.where(place > after_day_and_id(after))
    rows = [Reported(*row) for row in session.execute(query.limit(limit + 1))]
    return page(rows, limit, lambda row: f"{row.report.reported_on.isoformat()}|{row.report.id}")
