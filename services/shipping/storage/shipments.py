"""Queries of shipments, their lines and parcels."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    null,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, selectinload

from chassis.database import Work
from chassis.mapping import without_session
from chassis.principal import Principal
from chassis.roundtrips import ask
from services.shipping.domain.errors import ShipmentNotFound
from services.shipping.domain.lifecycle import GONE, OPEN, ShipmentState
from services.shipping.domain.order import BlockedFor, OrderCopy
from services.shipping.domain.shipment import Parcel, Shipment, ShipmentLine
from services.shipping.storage import NOTE_NUMBERS, SHIPMENT_NUMBERS
from services.shipping.storage.keyset import cursor, position

_PARTS = (selectinload(Shipment.lines), selectinload(Shipment.parcels))


def next_number(session: Session, today: date) -> str:
    """Give the next number of a dispatch request, S261122-000017."""
    return f"S{today:%y%m%d}-{session.scalar(select(SHIPMENT_NUMBERS.next_value())):06}"


def next_note_numbers(session: Session, today: date, count: int) -> list[str]:
    """Give the next `count` numbers of dispatch notes, F261122-000017."""
    following = select(NOTE_NUMBERS.next_value()).select_from(
        func.generate_series(1, count).table_valued("n")
    )
    return [f"F{today:%y%m%d}-{number:06}" for number in session.scalars(following)]


def get(session: Session, number: str, principal: Principal, *, lock: bool = False) -> Shipment:
    """Give a shipment with lines and parcels. Raises ShipmentNotFound, also for others' eyes.

    With `lock` the row is locked first and then read as it stands after the wait.
    """
    query = select(Shipment).where(Shipment.number == number, _seen_by(principal))
    found = _read(session, query, lock=lock)
    if not found:
        raise ShipmentNotFound(number=number)
    return found[0]


def lock_all(session: Session, shipment_ids: Collection[UUID]) -> dict[UUID, Shipment]:
    """Lock shipments in the order of their ids, the one order everybody locks them in."""
    if not shipment_ids:
        return {}
    query = select(Shipment).where(Shipment.id.in_(shipment_ids)).order_by(Shipment.id)
    return {shipment.id: shipment for shipment in _read(session, query, lock=True)}


def of_order(session: Session, order_id: UUID, *, lock: bool = False) -> list[Shipment]:
    """Give the shipments of an order, in the order of their ids."""
    query = select(Shipment).where(Shipment.order_id == order_id).order_by(Shipment.id)
    return _read(session, query, lock=lock)


def _read(session: Session, query: Select[Shipment], *, lock: bool) -> list[Shipment]:
    query = query.options(*_PARTS)
    if lock:
        query = query.with_for_update(of=Shipment).execution_options(populate_existing=True)
    return list(session.scalars(query))


def block_open(
    session: Session,
    order_id: UUID,
    why: BlockedFor | None,
    *,
    overridden_since: datetime | None = None,
) -> None:
    """Mark what has not left, by one conditional update.

    What the director has let leave since `overridden_since` is not stopped by that.

    A dispatch that runs at the same moment holds the row's lock: the update waits and then
    judges the row as that dispatch left it. What it does not match has left, or ended.
    """
    # Taken in the order of ids first, as scans take them: an UPDATE locks in any order.
    mine = select(Shipment.id).where(Shipment.order_id == order_id).order_by(Shipment.id)
    session.execute(mine.with_for_update())
    blocked: Any = why
    if overridden_since is not None:
        let_go = and_(Shipment.override_note.is_not(None), Shipment.released_at >= overridden_since)
        blocked = case((let_go, null()), else_=str(why))
    session.execute(
        update(Shipment)
        .where(
            Shipment.order_id == order_id,
            Shipment.state.in_(OPEN),
            Shipment.blocked.is_distinct_from(blocked),
        )
        .values(blocked=blocked, version=Shipment.version + 1)
        .execution_options(synchronize_session=False)
    )


def follow_order(session: Session, order_id: UUID) -> None:
    """Show an order's shipments to its present salesperson; their versions stay."""
    present = select(OrderCopy.salesperson_id).where(OrderCopy.order_id == order_id)
    session.execute(
        update(Shipment)
        .where(Shipment.order_id == order_id)
        .values(salesperson_id=present.scalar_subquery(), version=Shipment.version)
        .execution_options(synchronize_session=False)
    )


def first_gone(session: Session, order_id: UUID) -> str | None:
    """Give the number of a shipment of the order that has left, if there is one."""
    return session.scalar(
        select(Shipment.number)
        .where(Shipment.order_id == order_id, Shipment.state.in_(GONE))
        .order_by(Shipment.number)
        .limit(1)
    )


def asked_of_order(session: Session, order_id: UUID) -> dict[UUID, Decimal]:
    """Give what was ever asked for of each line of an order, cancelled requests left out."""
    rows = session.execute(
        select(ShipmentLine.line_id, func.sum(ShipmentLine.quantity).label("asked"))
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(Shipment.order_id == order_id, Shipment.state != ShipmentState.CANCELLED)
        .group_by(ShipmentLine.line_id)
    )
    return {row.line_id: row.asked for row in rows}


def owners_of(session: Session, codes: Iterable[str]) -> dict[str, UUID]:
    """Give the shipment of each parcel code that there is."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    rows = session.execute(select(Parcel.code, Parcel.shipment_id).where(Parcel.code.in_(wanted)))
    return {row.code: row.shipment_id for row in rows}


def numbers_of(session: Session, shipment_ids: Collection[UUID]) -> dict[UUID, str]:
    """Give the numbers of shipments by id."""
    if not shipment_ids:
        return {}
    rows = session.execute(
        select(Shipment.id, Shipment.number).where(Shipment.id.in_(shipment_ids))
    )
    return {row.id: row.number for row in rows}


def _seen_by(principal: Principal) -> ColumnElement[bool]:
    """Limit `sales` to what its own customers get (SPEC §2)."""
    if principal.limited_to_own_customers:
        return Shipment.salesperson_id == principal.person_id
    return true()


def search(
    session: Session, wanted: Mapping[str, Any], principal: Principal
) -> tuple[list[Shipment], str | None]:
    """Give a page of shipments, newest request first, and the cursor of the next."""
    query = select(Shipment).where(_seen_by(principal), *_filters(wanted))
    if wanted["after"]:
        query = query.where(tuple_(Shipment.requested_at, Shipment.id) < position(wanted["after"]))
    query = query.order_by(Shipment.requested_at.desc(), Shipment.id.desc())
    limit: int = wanted["limit"]
    rows = list(session.scalars(query.limit(limit + 1).options(*_PARTS)))
    page = rows[:limit]
    more = len(rows) > limit
    return page, cursor(page[-1].requested_at, page[-1].id) if more else None


def _filters(wanted: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    equal = {
        "number": Shipment.number,
        "order_number": Shipment.order_number,
        "order_id": Shipment.order_id,
        "customer_id": Shipment.customer_id,
        "customer_code": Shipment.customer_code,
        "waybill": Shipment.waybill,
        "carrier_code": Shipment.carrier_code,
        "batch_day": Shipment.batch_day,
    }
    filters: list[ColumnElement[bool]] = [
        column == wanted[name] for name, column in equal.items() if wanted.get(name) is not None
    ]
    if wanted.get("state"):
        filters.append(Shipment.state.in_(wanted["state"]))
    if wanted.get("requested_from"):
        filters.append(Shipment.requested_at >= wanted["requested_from"])
    if wanted.get("requested_before"):
        filters.append(Shipment.requested_at < wanted["requested_before"])
    return filters


# Of what waits only what is shown of it, or says what it waits for, by statements that are
# prepared. Each state in the order of its index: of several together all would be read and sorted.
_READ = """
select number, order_number, order_grade, customer_name, state, blocked, release_withdrawn_at,
    due_at
from shipment
"""
_IN_STATES = f"""
select found.* from unnest(%(states)s::text[]) as asked(state)
cross join lateral ({_READ} where state = asked.state and blocked is null
    and (asked.state <> 'requested' or order_grade = 'A' or %(all_grades)s){{own}}
    order by due_at, id limit %(most)s) as found
"""  # noqa: S608  our own text
_WITHDRAWN = f"""
union all ({_READ} where release_withdrawn_at is not null and blocked is null
    and state = any(%(others)s) and (order_grade = 'A' or %(all_grades)s){{own}}
    order by due_at, id limit %(most)s)
"""
_OWN = " and salesperson_id = %(person)s"


def waiting(
    work: Work,
    states: Collection[ShipmentState],
    *,
    withdrawn: bool,
    all_grades: bool,
    limit: int,
) -> list[Shipment]:
    """Give what waits in one of `states`, the earliest due first; on hold left out.

    With `withdrawn` also what waits for a new release in whatever state it had come to. Of what
    waits for a release only grade A's, unless `all_grades`. What is given is to be asked, not to
    be changed.
    """
    statement = _IN_STATES + _WITHDRAWN if withdrawn else _IN_STATES
    principal = work.principal
    own = _OWN if principal.limited_to_own_customers else ""
    asked = {
        "states": [str(state) for state in states],
        "others": [str(state) for state in OPEN if state not in states],
        "all_grades": all_grades,
        "most": limit,
        "person": principal.person_id,
    }
    rows = ask(work.connection, statement.format(own=own), asked)
    first = sorted(rows, key=lambda row: (row.due_at, row.number))[:limit]
    return [without_session(Shipment, row._asdict()) for row in first]
