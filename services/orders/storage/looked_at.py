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
    Enum,
    Numeric,
    ScalarSelect,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import class_mapper

from chassis.database import Work
from chassis.mapping import MomentType, without_session
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
    #: Of each its number and state.
    shipments: Sequence[Mapping[str, str]]
    money: Mapping[str, Any] | None


def by_number(work: Work, number: str) -> LookedAt:
    """Give an order. Raises OrderNotFound, also for another salesperson's."""
    return _one(work, _BY_NUMBER, number)


def by_id(work: Work, order_id: UUID) -> LookedAt:
    """Give an order by its id. Raises OrderNotFound, also for another salesperson's."""
    return _one(work, _BY_ID, order_id)


def _one(work: Work, query: Any, asked: str | UUID) -> LookedAt:
    row = work.session.execute(query, {"asked": asked}).mappings().one_or_none()
    who = work.principal
    if row is None or (who.limited_to_own_customers and row["salesperson_id"] != who.person_id):
        raise OrderNotFound(order_number=str(asked))
    facts = dict(row)
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
_WHOLE = select(
    *(column for column in _columns(Order) if column.name != "grams"),
    *(parts.asked().label(name) for name, parts in _PARTS.items()),
    _all_of(
        func.json_build_object("number", _SHIPMENT.number, "state", _SHIPMENT.state),
        _SHIPMENT.order_id,
        _SHIPMENT.number,
    ).label("shipments"),
    select(_MONEY.view)
    .where(_MONEY.order_id == Order.__table__.c.id)
    .scalar_subquery()
    .label("money"),
)
# Built once: building such a statement costs more than running it.
_BY_NUMBER = _WHOLE.where(Order.__table__.c.number == bindparam("asked"))
_BY_ID = _WHOLE.where(Order.__table__.c.id == bindparam("asked"))
