"""One order as it is looked at: all of it in one statement, outside any session.

Loaded to be changed, an order takes six statements, each of which builds objects that a session
watches: four fifths of what orders spent on a question. What is given here answers whatever the
aggregate answers, and cannot be changed: no session knows it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Date,
    Dialect,
    Enum,
    Numeric,
    ScalarSelect,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, psycopg2
from sqlalchemy.orm import class_mapper

from chassis.database import Work
from chassis.mapping import MomentType, without_session
from chassis.roundtrips import ask
from services.orders.domain.confirmation import Confirmation
from services.orders.domain.copies import MoneyCopy, ShipmentCopy
from services.orders.domain.errors import OrderNotFound
from services.orders.domain.gate import Gate
from services.orders.domain.line import OrderLine
from services.orders.domain.order import Order


@dataclass(frozen=True)
class LookedAt:
    """An order to be asked, and the axes that other services move.

    Whoever changes it, or asks for what was not read (the papers and their returned copies),
    is told so by SQLAlchemy, which does not know it.
    """

    order: Order
    #: Of each its number and state, and whether its release was withdrawn.
    shipments: Sequence[Mapping[str, Any]]
    money: Mapping[str, Any] | None


def by_number(work: Work, number: str) -> LookedAt:
    """Give an order. Raises OrderNotFound, also for another salesperson's."""
    return _one(work, _BY_NUMBER, number)


def by_id(work: Work, order_id: UUID) -> LookedAt:
    """Give an order by its id. Raises OrderNotFound, also for another salesperson's."""
    return _one(work, _BY_ID, order_id)


def _one(work: Work, statement: str, asked: str | UUID) -> LookedAt:
    rows = ask(work.connection, statement, {"asked": asked})
    who = work.principal
    if not rows or (who.limited_to_own_customers and rows[0].salesperson_id != who.person_id):
        raise OrderNotFound(order_number=str(asked))
    facts = rows[0]._asdict()
    for name, read in _READ.items():
        facts[name] = read(facts[name])
    shipments, money = facts.pop("shipments"), facts.pop("money")
    for name, parts in _PARTS.items():
        facts[name] = [parts.read(values) for values in facts[name] or ()]
    return LookedAt(without_session(Order, facts), shipments or (), money)


class _Parts:
    """The parts of one kind that an order has: how they are asked for, and read."""

    def __init__(self, kind: type[OrderLine | Gate | Confirmation], sorted_by: str) -> None:
        self._kind = kind
        self._columns = _columns(kind)
        self._sorted_by = sorted_by
        self._decoders = [(column.name, _decoder(column)) for column in self._columns]

    def asked(self) -> ScalarSelect[Any]:
        table = self._kind.__table__
        # Numbers as text: as JSON they would come back as floats.
        values = [cast(c, Text) if isinstance(c.type, Numeric) else c for c in self._columns]
        return _all_of(func.json_build_array(*values), table.c.order_id, table.c[self._sorted_by])

    def read(self, values: Sequence[Any]) -> Any:
        facts = {
            name: value if value is None or decode is None else decode(value)
            for (name, decode), value in zip(self._decoders, values, strict=True)
        }
        return without_session(self._kind, facts)


def _columns(kind: type[Any]) -> list[Column[Any]]:
    """Give the columns that are read with every object of a mapped class."""
    mapped = class_mapper(kind, configure=False).column_attrs
    return [attribute.columns[0] for attribute in mapped if not attribute.deferred]  # type: ignore[misc]  # columns of a table


def _decoder(column: Column[Any]) -> Callable[[str], Any] | None:
    """Give how a value is read that JSON has no form for; None where it has one."""
    if isinstance(column.type, Enum):
        words: type[StrEnum] = column.type.python_type
        return words
    for kind, decode in _DECODERS.items():
        if isinstance(column.type, kind):
            return decode
    return None


_DECODERS: dict[Any, Callable[[str], Any]] = {
    Numeric: Decimal,
    Uuid: UUID,
    Date: date.fromisoformat,
    MomentType: lambda text: datetime.fromisoformat(text).astimezone(UTC),
}


def _all_of(
    what: ColumnElement[Any], order_id: ColumnElement[UUID], sorted_by: ColumnElement[Any]
) -> ScalarSelect[Any]:
    """Give a subquery of one JSON array: everything of its kind that the order has."""
    found = func.json_agg(aggregate_order_by(what, sorted_by), type_=JSON)
    return select(found).where(order_id == Order.__table__.c.id).scalar_subquery()


_PARTS = {
    "lines": _Parts(OrderLine, "line_no"),
    "gates": _Parts(Gate, "kind"),
    "confirmations": _Parts(Confirmation, "number"),
}
_SHIPMENT, _MONEY = ShipmentCopy.__table__.c, MoneyCopy.__table__.c
_OWN = [column for column in _columns(Order) if column.name != "grams"]
_WHOLE = select(
    *_OWN,
    *(parts.asked().label(name) for name, parts in _PARTS.items()),
    _all_of(
        # Its words stand in the statement: of a parameter PostgreSQL could not tell the type.
        func.json_build_object(
            text("'number'"),
            _SHIPMENT.number,
            text("'state'"),
            _SHIPMENT.state,
            text("'release_withdrawn'"),
            func.jsonb_extract_path_text(_SHIPMENT.view, text("'release_withdrawn_at'")).is_not(
                None
            ),
        ),
        _SHIPMENT.order_id,
        _SHIPMENT.number,
    ).label("shipments"),
    select(_MONEY.view)
    .where(_MONEY.order_id == Order.__table__.c.id)
    .scalar_subquery()
    .label("money"),
)
# As psycopg2 takes it: built once, as building such a statement costs more than running it.
_DIALECT: Dialect = psycopg2.dialect()  # type: ignore[no-untyped-call]
_BY_NUMBER, _BY_ID = (
    str(_WHOLE.where(key == bindparam("asked")).compile(dialect=_DIALECT))
    for key in (Order.__table__.c.number, Order.__table__.c.id)
)
#: How SQLAlchemy would read what psycopg2 gives, of the columns that are not taken as they come.
_READ = {
    column.name: read
    for column in _OWN
    if not isinstance(column.type, Numeric)
    and (read := column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None))
}
