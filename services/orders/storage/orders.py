"""Queries for orders: one by number, many by filters, those whose time has come."""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Row,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import selectinload, undefer
from sqlalchemy.orm.attributes import set_committed_value

from chassis.clock import BUSINESS_ZONE
from chassis.database import Work
from chassis.errors import Invalid
from chassis.finding import as_folded, stands_in
from chassis.grams import HOME, grams, is_gram, wanted, words
from chassis.roundtrips import ask
from services.orders.domain.confirmation import Confirmation
from services.orders.domain.copies import CustomerCopy
from services.orders.domain.errors import OrderNotFound
from services.orders.domain.gate import Gate
from services.orders.domain.lifecycle import ConfirmationState, Stage, Verdict
from services.orders.domain.order import NUMBERS, Order

WHOLE = (
    selectinload(Order.lines),
    selectinload(Order.gates),
    selectinload(Order.confirmations).selectinload(Confirmation.sign_backs),
)


# Of more orders than this the newest are soon met.
_FEW = 500

_NEXT_COUNT = f"select nextval('{NUMBERS.name}')"


class CursorNotOurs(Invalid):
    """A page was asked for with a cursor that no page gave."""

    code = "cursor_invalid"
    en = "The cursor {cursor} is not one that a page gave."
    zh = "翻页游标 {cursor} 无效。"


def next_number(work: Work) -> str:
    """Give the next order number: D, the business date, and a count that never repeats."""
    ((count,),) = ask(work.connection, _NEXT_COUNT)
    return number(work, count)


def number(work: Work, count: int) -> str:
    """Give the order number of a count."""
    return f"D{work.today:%y%m%d}-{count:06d}"


def visible(work: Work) -> list[Any]:
    """Give the conditions under which the asker may see an order (SPEC §2: sales)."""
    if work.principal.limited_to_own_customers:
        return [Order.salesperson_id == work.principal.person_id]
    return []


def order_by_number(work: Work, number: str, *, lock: bool = False) -> Order:
    """Give a whole order, locked for a change if wanted. Raises OrderNotFound."""
    return _one(work, select(Order).where(Order.number == number), lock=lock, asked=number)


def id_of(work: Work, number: str) -> UUID:
    """Give the id of an order that the asker may see. Raises OrderNotFound."""
    order_id = work.session.scalar(select(Order.id).where(Order.number == number, *visible(work)))
    if order_id is None:
        raise OrderNotFound(order_number=number)
    return order_id


def papers(work: Work, number: str) -> Sequence[Confirmation]:
    """Give an order's confirmations with their frozen documents. Raises OrderNotFound."""
    return work.session.scalars(
        select(Confirmation)
        .where(Confirmation.order_id == id_of(work, number))
        .options(undefer(Confirmation.document), selectinload(Confirmation.sign_backs))
        .order_by(Confirmation.number)
    ).all()


def order_by_id(work: Work, order_id: UUID, *, lock: bool = False) -> Order:
    """Give a whole order by its id. Raises OrderNotFound."""
    return _one(work, select(Order).where(Order.id == order_id), lock=lock, asked=str(order_id))


def _one(work: Work, query: Select[Order], *, lock: bool, asked: str) -> Order:
    query = query.where(*visible(work)).options(*WHOLE)
    if lock:
        # Locking by the parent row first keeps two commands on one order in line.
        query = query.with_for_update(of=Order)
    order = work.session.scalar(query)
    if order is None:
        raise OrderNotFound(order_number=asked)
    return order


def mark_busy(work: Work, order: Order, conversation_id: UUID) -> None:
    """Mark a locked order busy with a conversation.

    Nothing that anybody sees of it changes: its version stays, so that a conversation that comes
    to nothing makes nobody's copy of the order a stale one.
    """
    work.session.execute(
        update(Order)
        .where(Order.id == order.id)
        .values(busy_with=conversation_id, version=Order.version)
        .execution_options(synchronize_session=False)
    )
    set_committed_value(order, "busy_with", conversation_id)


def unmark_busy(work: Work, order_id: UUID, conversation_id: UUID) -> None:
    """Take the mark of a conversation that came to nothing from its order."""
    work.session.execute(
        update(Order)
        .where(Order.id == order_id, Order.busy_with == conversation_id)
        .values(busy_with=None, version=Order.version)
        .execution_options(synchronize_session=False)
    )


def find_order(work: Work, order_id: UUID) -> Order | None:
    """Give a whole order for a listener, locked; None where orders has none of that id."""
    return work.session.scalar(
        select(Order).where(Order.id == order_id).options(*WHOLE).with_for_update(of=Order)
    )


def write_new(work: Work, order: Order) -> None:
    """Have a whole new order written when the transaction ends; it must not change any more."""
    order.version = 1
    for line in order.lines:
        line.order_id = order.id
    work.bundle.insert_new([order])
    work.bundle.insert_new(order.lines)
    work.bundle.insert_new(order.gates)
    if work.has_new_objects:
        # Tasks of the order, which the unit of work writes before the bundle goes.
        work.bundle.send()


def past_order(work: Work, reference: str) -> Order | None:
    """Give the imported order with that number in the old books."""
    return work.session.scalar(
        select(Order).where(Order.past_reference == reference).options(*WHOLE)
    )


# What a search shows of each order; whole orders would cost it three times as much.
_FOUND = (
    Order.id,
    Order.number,
    Order.version,
    Order.stage,
    Order.hold,
    Order.customer_code,
    Order.customer_name,
    Order.grade,
    Order.region,
    Order.salesperson_name,
    Order.clerk_name,
    Order.channel,
    Order.total,
    Order.base_customer_due,
    Order.created_at,
    Order.imported,
    # What the dates slide by: looked up for the rows of a page alone, which a join would not be.
    select(
        func.json_build_array(
            Confirmation.sent_on,
            Confirmation.arrived_on,
            Confirmation.slide_calendar,
            type_=JSON(none_as_null=True),
        )
    )
    .where(
        Confirmation.order_id == Order.id,
        Confirmation.state != ConfirmationState.VOID,
        Confirmation.slides,
    )
    .order_by(Confirmation.number.desc())
    .limit(1)
    .scalar_subquery()
    .label("standing"),
)


def search(work: Work, filters: Mapping[str, Any]) -> tuple[Sequence[Row[Any]], str | None]:
    """Give a page of orders, newest first, and the cursor of the next. Raises CursorNotOurs."""
    phones_open = work.principal.sees_personal_data
    conditions = [*visible(work), *_conditions(filters, phones_open=phones_open)]
    if filters["after"]:
        conditions.append(tuple_(Order.created_at, Order.id) < _read_cursor(filters["after"]))
    if filters.get("order_number"):
        conditions.append(_numbered(work, filters["order_number"]))
    limit = filters["limit"]
    newest = (Order.created_at.desc(), Order.id.desc())
    if filters.get("amount_from") is not None or filters.get("amount_to") is not None:
        # Amounts stand in the index of the newest: of the many that do not fit no row is read.
        ids = select(Order.id).where(*conditions).order_by(*newest).limit(limit + 1)
        conditions = [Order.id.in_(ids)]
    query = select(*_FOUND).where(*conditions).order_by(*newest).limit(limit + 1)
    found = work.session.execute(query).all()
    page = found[:limit]
    return page, _write_cursor(page[-1]) if len(found) > limit else None


def _conditions(filters: Mapping[str, Any], *, phones_open: bool) -> list[Any]:
    given = {name: value for name, value in filters.items() if value not in (None, "", [])}
    conditions = [build(given[name]) for name, build in _FILTERS.items() if name in given]
    if "phone" in given:
        conditions += _holds(given["phone"], phones_open=phones_open)
    if "q" in given:
        conditions.append(_said(given["q"], phones_open=phones_open))
    return conditions


def _numbered(work: Work, beginning: str) -> Any:
    """Find orders by the beginning of their number, or by their whole number in the old books.

    PostgreSQL takes how many numbers begin so from a sample; where it expects too many, it looks
    for them through all orders from the newest on. So a few are looked up first.
    """
    begins = Order.number.startswith(beginning, autoescape=True)
    few = select(Order.id).where(begins).order_by(text("number using ~<~")).limit(_FEW + 1)
    ids = work.session.scalars(few).all()
    return or_(Order.id.in_(ids) if len(ids) <= _FEW else begins, Order.past_reference == beginning)


def _said(text: str, *, phones_open: bool) -> Any:
    """Find what somebody says of an order: who asked for it, or by which number it goes."""
    asked = text.strip()
    ways = [and_(true(), *_holds(text, phones_open=phones_open))]
    if _NUMBER_BEGINNING.fullmatch(asked):
        ways.append(Order.number.startswith(asked.upper(), autoescape=True))
    if any(character.isdigit() for character in asked):
        ways.append(Order.past_reference == asked)
    return or_(*ways)


# As `number` writes them: from the day on they are told apart.
_NUMBER_BEGINNING = re.compile(r"[Dd]\d{1,6}(-\d{0,9})?", re.ASCII)


def _holds(text: str, *, phones_open: bool) -> list[Any]:
    """Find each word of a text in what an order's grams are of.

    To whom phones are masked, one is found by the whole number: who may ask for any part of it
    soon knows the rest.
    """
    conditions = []
    for word in words(text):
        conditions.append(Order.grams.contains(wanted(word)))
        if not phones_open and any(character.isdigit() for character in word):
            whole = as_folded(Order.consignee_phone).in_((word, HOME + word, f"00{HOME}{word}"))
            conditions.append(or_(stands_in(word, *_NAMES), whole))
        elif not is_gram(word):
            # Else it stands there as it is, and one comparison more would make PostgreSQL
            # expect fewer.
            conditions.append(stands_in(word, *_NAMES, Order.consignee_phone))
    return conditions


# A memo is known by who asked for it until its customer is known.
_NAMES = (func.coalesce(Order.customer_name, Order.asked_by), Order.customer_code)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BUSINESS_ZONE)


def _of_customer(code: str) -> Any:
    known = select(CustomerCopy.id).where(CustomerCopy.code == code)
    return Order.customer_id == known.scalar_subquery()


def _in_stages(stages: Sequence[Stage]) -> Any:
    if list(stages) == [Stage.CLOSED]:
        # Most orders are closed and none of the newest is: told how many, PostgreSQL would pass
        # over all that are open to come to the first.
        return Order.stage == select(literal(Stage.CLOSED, Order.stage.type)).scalar_subquery()
    return Order.stage.in_(stages)


# How each filter of a search narrows it; `q` and `phone` are texts to be found (`_holds`).
_FILTERS: dict[str, Callable[[Any], Any]] = {
    "customer_code": _of_customer,
    "clerk_id": lambda person: Order.clerk_id == person,
    "salesperson_id": lambda person: Order.salesperson_id == person,
    "region": lambda region: Order.region == region,
    "stage": _in_stages,
    "on_hold": lambda held: Order.hold.isnot(None) if held else Order.hold.is_(None),
    "created_from": lambda day: Order.created_at >= _midnight(day),
    "created_to": lambda day: Order.created_at < _midnight(day + timedelta(days=1)),
    "amount_from": lambda amount: Order.total >= amount,
    "amount_to": lambda amount: Order.total <= amount,
    "product_code": lambda code: Order.product_codes.contains([code]),
}


def _write_cursor(order: Row[Any]) -> str:
    text = json.dumps([order.created_at.isoformat(), str(order.id)])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, order_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment.astimezone(UTC), UUID(order_id)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise CursorNotOurs(cursor=cursor) from error


def ids_of_drafts_to_expire(work: Work, touched_on_or_before: date) -> Sequence[UUID]:
    """Give drafts that still hold something and were last touched that day or earlier."""
    return work.session.scalars(
        select(Order.id)
        .where(
            Order.stage == Stage.DRAFT,
            Order.holds_anything.is_(True),
            Order.hold.is_(None),
            Order.busy_with.is_(None),
            Order.touched_at < _midnight(touched_on_or_before + timedelta(days=1)),
        )
        .order_by(Order.id)
    ).all()


def ids_of_unsigned(work: Work, sent_on_or_before: date) -> Sequence[UUID]:
    """Give orders whose confirmation has waited for its sign-back since that day or longer."""
    return work.session.scalars(
        select(Order.id)
        .join(Confirmation, Confirmation.order_id == Order.id)
        .where(
            Order.stage == Stage.AWAITING_RETURN,
            Order.hold.is_(None),
            Order.busy_with.is_(None),
            Confirmation.state == ConfirmationState.SENT,
            Confirmation.sent_on <= sent_on_or_before,
        )
        .order_by(Order.id)
    ).all()


def ids_with_expired_statements(work: Work, today: date) -> Sequence[UUID]:
    """Give orders in review with a gate that passed by a statement valid until before today."""
    return work.session.scalars(
        select(Order.id)
        .where(
            Order.stage == Stage.IN_REVIEW,
            Order.gates.any((Gate.verdict == Verdict.PASSED) & (Gate.valid_until < today)),
        )
        .order_by(Order.id)
    ).all()


def ids_of_sliding(work: Work, today: date) -> Sequence[UUID]:
    """Give orders whose dates slide today: sent before, grade B or C, no verified copy."""
    return work.session.scalars(
        select(Order.id)
        .join(Confirmation, Confirmation.order_id == Order.id)
        .where(
            Order.stage.in_((Stage.AWAITING_RETURN, Stage.CONFIRMED, Stage.IN_PROGRESS)),
            Confirmation.state == ConfirmationState.SENT,
            Confirmation.slides.is_(True),
            Confirmation.sent_on < today,
        )
        .order_by(Order.id)
    ).all()


def follow_customer(work: Work, customer: Mapping[str, Any]) -> None:
    """Show a customer's orders in its present region and under its salesperson's present name.

    What was not sent yet bears the customer's present name; what is still being judged is
    judged by its present grade. That is no change of the order: its version and what it
    promised stay.
    """
    # Those of another salesperson come to the present one with his name, when handed over.
    own = Order.salesperson_id.is_not_distinct_from(customer["salesperson_id"])
    for name, which in (("region", true()), ("salesperson_name", own)):
        work.session.execute(
            update(Order)
            .where(
                Order.customer_id == UUID(str(customer["id"])),
                getattr(Order, name).is_distinct_from(customer[name]),
                which,
            )
            .values({name: customer[name], "version": Order.version})
            .execution_options(synchronize_session=False)
        )
    work.session.execute(
        update(Order)
        .where(
            Order.customer_id == UUID(str(customer["id"])),
            Order.stage.in_((Stage.DRAFT, Stage.IN_REVIEW)),
            Order.grade.is_distinct_from(customer["grade"]),
        )
        .values(grade=customer["grade"], version=Order.version)
        .execution_options(synchronize_session=False)
    )
    _rename(work, customer)


def _rename(work: Work, customer: Mapping[str, Any]) -> None:
    """Give a customer's orders its present name where no confirmation with another was sent."""
    name = customer["name"]
    unsent = work.session.execute(
        select(Order.id, Order.consignee_phone, Order.customer_code)
        .where(
            Order.customer_id == UUID(str(customer["id"])),
            Order.stage.in_((Stage.DRAFT, Stage.IN_REVIEW, Stage.APPROVED)),
            Order.customer_name.is_distinct_from(name),
        )
        .order_by(Order.id)
        .with_for_update()
    ).all()
    for order in unsent:
        found_by = grams(name, order.consignee_phone, order.customer_code)
        work.session.execute(
            update(Order)
            .where(Order.id == order.id)
            .values(customer_name=name, grams=found_by, version=Order.version)
            .execution_options(synchronize_session=False)
        )


def of_another_salesperson(work: Work, customer: Mapping[str, Any], limit: int) -> Sequence[Order]:
    """Give the newest orders of a customer that still show another salesperson, locked by id."""
    newest = (
        select(Order.id)
        .where(
            Order.customer_id == UUID(str(customer["id"])),
            Order.salesperson_id.is_distinct_from(customer["salesperson_id"]),
        )
        .order_by(Order.created_at.desc(), Order.id.desc())
        .limit(limit)
    )
    return work.session.scalars(
        select(Order)
        .where(Order.id.in_(newest))
        .options(*WHOLE)
        .order_by(Order.id)
        .with_for_update(of=Order)
    ).all()
