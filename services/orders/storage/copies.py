"""Copies of other services' records, and what is looked up in them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Work
from chassis.inbox import upsert_newer
from chassis.roundtrips import ask
from services.orders.domain.copies import (
    CustomerCopy,
    MoneyCopy,
    ProductCopy,
    ShipmentCopy,
    StatementSeen,
)
from services.orders.domain.errors import CustomerInactive, CustomerNotKnown, ProductNotKnown
from services.orders.domain.pricing import Market
from services.orders.storage import prices

# Who writes an order down reads its customer so: a handover that comes meanwhile waits, and finds
# the order in the books.
_TO_WRITE = " for share"
# Copies are read as columns, not objects: nothing is changed here, every order begins with this,
# and it is asked for in one journey. What is numbered is written down later.
_ABOUT_DRAFT = {
    numbered: f"""
select
  (select json_build_object('view', view, 'active', active)
   from customer_copy where code = %(customer)s{"" if numbered else _TO_WRITE}) as customer,
  (select coalesce(json_object_agg(code, view), '{{}}')
   from product_copy where code = any(%(products)s) and active) as products,
  {"nextval('order_number_seq')" if numbered else "null"} as order_count,
  {prices.MARKET_BY_CODE}
"""  # noqa: S608  our own text
    for numbered in (True, False)
}
_CUSTOMER = "select view, active from customer_copy where code = %s"
_CUSTOMER_BY_ID = f"select view from customer_copy where id = %s{_TO_WRITE}"  # noqa: S608


@dataclass(frozen=True)
class AboutDraft:
    """Public views of a draft's customer and of its products by code, those not known left out.

    `market` is what today's prices depend on, `count` the next order's where one was asked for.
    """

    customer: Mapping[str, Any]
    products: Mapping[str, Mapping[str, Any]]
    market: Market
    count: int | None


def about_draft(
    work: Work, customer_code: str, product_codes: Iterable[str], *, numbered: bool
) -> AboutDraft:
    """Give what a new draft is about. Raises CustomerNotKnown, CustomerInactive.

    The customer of one that gets its number now is read again when it is written down.
    """
    (found,) = ask(
        work.connection,
        _ABOUT_DRAFT[numbered],
        {
            "customer": customer_code,
            "products": list(set(product_codes)),
            "today": work.today,
        },
    )
    view = _checked(work, customer_code, found.customer)
    return AboutDraft(view, found.products, prices.read_market(found), found.order_count)


def customer(work: Work, code: str) -> Mapping[str, Any]:
    """Give a customer's public view. Raises CustomerNotKnown, CustomerInactive."""
    rows = ask(work.connection, _CUSTOMER, (code,))
    return _checked(work, code, rows[0]._asdict() if rows else None)


def customer_by_id(work: Work, customer_id: UUID) -> Mapping[str, Any]:
    """Give the public view of a customer whom an order has that is written down now."""
    ((view,),) = ask(work.connection, _CUSTOMER_BY_ID, (customer_id,))
    found: Mapping[str, Any] = view
    return found


def guard_buying(work: Work, customer_id: UUID | None) -> None:
    """Raise CustomerInactive where nothing new is begun with an order's customer, if known."""
    ended = work.session.scalar(
        select(CustomerCopy.code).where(
            CustomerCopy.id == customer_id, CustomerCopy.active.is_(False)
        )
    )
    if ended is not None:
        raise CustomerInactive(customer_code=ended)


def _checked(work: Work, code: str, found: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Give the view of a customer that may have a new order from who asks."""
    if found is None:
        raise CustomerNotKnown(customer_code=code)
    view: Mapping[str, Any] = found["view"]
    principal = work.principal
    if principal.limited_to_own_customers and view["salesperson_id"] != principal.person_id:
        raise CustomerNotKnown(customer_code=code)
    if not found["active"]:
        raise CustomerInactive(customer_code=code)
    return view


def products(
    work: Work, codes: Iterable[str], *, ended_too: bool = False
) -> dict[str, Mapping[str, Any]]:
    """Give the active products' public views by code; those not known are left out."""
    query = select(ProductCopy.code, ProductCopy.view).where(ProductCopy.code.in_(set(codes)))
    if not ended_too:
        query = query.where(ProductCopy.active.is_(True))
    return {row.code: row.view for row in work.session.execute(query)}


def product(work: Work, code: str, line_no: int = 1) -> Mapping[str, Any]:
    """Give one product's public view. Raises ProductNotKnown."""
    found = products(work, [code])
    if code not in found:
        raise ProductNotKnown(line_no=line_no, product_code=code)
    return found[code]


def keep_customer(work: Work, view: Mapping[str, Any], sequence: int) -> bool:
    """Keep a customer's view if it is newer; gives whether it was."""
    return _keep(
        work,
        CustomerCopy,
        {"id": view["id"], "code": view["code"], "active": view["active"]},
        view,
        sequence,
        key="id",
    )


def mark_handing_over(work: Work, customer_id: UUID, *, goes_on: bool) -> None:
    """Note whether orders of a customer are still to be handed over."""
    work.session.execute(
        update(CustomerCopy)
        .where(CustomerCopy.id == customer_id, CustomerCopy.handing_over.is_not(goes_on))
        .values(handing_over=goes_on)
        .execution_options(synchronize_session=False)
    )


def being_handed_over(work: Work) -> Mapping[str, Any] | None:
    """Give the view of a customer whose orders are still to be handed over, its row locked."""
    return work.session.scalar(
        select(CustomerCopy.view)
        .where(CustomerCopy.handing_over.is_(True))
        .order_by(CustomerCopy.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def keep_product(work: Work, view: Mapping[str, Any], sequence: int) -> None:
    """Keep a product's view if it is newer."""
    _keep(
        work,
        ProductCopy,
        {"id": view["id"], "code": view["code"], "active": view["active"]},
        view,
        sequence,
        key="id",
    )


def money(work: Work, order_id: UUID) -> Mapping[str, Any]:
    """Give an order's money as it is kept; nothing where none has been told."""
    view = work.session.scalar(select(MoneyCopy.view).where(MoneyCopy.order_id == order_id))
    return view or {}


def money_sequence(work: Work, order_id: UUID) -> int:
    """Give which event an order's money is kept of; 0 where none has been told."""
    of_order = MoneyCopy.order_id == order_id
    return work.session.scalar(select(MoneyCopy.sequence).where(of_order)) or 0


def keep_money(work: Work, view: Mapping[str, Any], sequence: int) -> bool:
    """Keep an order's money if it is newer; gives whether it was."""
    return _keep(work, MoneyCopy, {"order_id": view["order_id"]}, view, sequence, key="order_id")


def keep_shipment(work: Work, view: Mapping[str, Any], sequence: int) -> bool:
    """Keep a shipment's view if it is newer; gives whether it was."""
    facts = {name: view[name] for name in ("id", "order_id", "number", "state")}
    return _keep(work, ShipmentCopy, facts, view, sequence, key="id")


def _keep(
    work: Work,
    copy: Any,
    facts: Mapping[str, Any],
    view: Mapping[str, Any],
    sequence: int,
    *,
    key: str,
) -> bool:
    table: Table = copy.__table__
    row = {**facts, "view": dict(view), "sequence": sequence}
    for name in ("id", "order_id"):
        if name in row:
            row[name] = UUID(str(row[name]))
    return upsert_newer(work.connection, table, row, key=[key])


def shipments_of(work: Work, order_id: UUID) -> Sequence[ShipmentCopy]:
    """Give the shipments of an order."""
    return work.session.scalars(
        select(ShipmentCopy).where(ShipmentCopy.order_id == order_id).order_by(ShipmentCopy.number)
    ).all()


def keep_statement(work: Work, view: Mapping[str, Any]) -> None:
    """Keep a statement if it was signed later than the one of its kind that is kept."""
    row = {
        "order_id": UUID(str(view["order_id"])),
        "kind": view["kind"],
        # One that was carried over and signed anew is about the later revision.
        "revision": max(view["revision"], view.get("carried_to") or 0),
        "view": dict(view),
        "seen_at": work.now,
    }
    new = insert(StatementSeen).values(row)
    work.session.execute(
        new.on_conflict_do_update(
            index_elements=["order_id", "kind"],
            set_={name: new.excluded[name] for name in ("revision", "view", "seen_at")},
            where=StatementSeen.view["signed_at"].astext <= new.excluded.view["signed_at"].astext,
        )
    )


def statements_seen(work: Work, order_id: UUID) -> dict[str, StatementSeen]:
    """Give the newest statement of each kind about an order."""
    rows = work.session.scalars(select(StatementSeen).where(StatementSeen.order_id == order_id))
    return {row.kind: row for row in rows}
