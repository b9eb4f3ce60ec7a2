"""Arrivals: what is in transit, and when the next of something comes."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from chassis.database import Work
from chassis.roundtrips import ask
from services.inventory.domain.arrival import Arrival
from services.inventory.domain.errors import ArrivalNotFound
from services.inventory.domain.lifecycle import ArrivalState
from services.inventory.domain.material import Material
from services.inventory.domain.product import Product
from services.inventory.storage.pages import Page, after_day, page

Listed = Row[Arrival, Product, Material]


def by_number(session: Session, number: str, *, lock: bool = False) -> Arrival:
    """Load an arrival. Raises ArrivalNotFound."""
    query = select(Arrival).where(Arrival.number == number)
    arrival = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if arrival is None:
        raise ArrivalNotFound(number=number)
    return arrival


def next_of_products(session: Session, product_ids: Collection[UUID]) -> dict[UUID, Arrival]:
    """Give the next expected arrival of each product that has one."""
    rows = session.scalars(
        select(Arrival)
        .where(Arrival.product_id.in_(product_ids), Arrival.state == ArrivalState.EXPECTED)
        .ext(distinct_on(Arrival.product_id))
        .order_by(Arrival.product_id, Arrival.expected_on, Arrival.number)
    )
    return {arrival.product_id: arrival for arrival in rows if arrival.product_id}


def next_of_materials(session: Session, material_ids: Collection[UUID]) -> dict[UUID, Arrival]:
    """Give the next expected arrival of each material that has one."""
    rows = session.scalars(
        select(Arrival)
        .where(Arrival.material_id.in_(material_ids), Arrival.state == ArrivalState.EXPECTED)
        .ext(distinct_on(Arrival.material_id))
        .order_by(Arrival.material_id, Arrival.expected_on, Arrival.number)
    )
    return {arrival.material_id: arrival for arrival in rows if arrival.material_id}


def materials_in_transit(
    session: Session, material_ids: Collection[UUID]
) -> dict[UUID, list[Arrival]]:
    """Give the expected arrivals of each material, earliest first."""
    rows = session.scalars(
        select(Arrival)
        .where(Arrival.material_id.in_(material_ids), Arrival.state == ArrivalState.EXPECTED)
        .order_by(Arrival.expected_on, Arrival.number)
    )
    found: dict[UUID, list[Arrival]] = {material_id: [] for material_id in material_ids}
    for arrival in rows:
        if arrival.material_id is not None:
            found[arrival.material_id].append(arrival)
    return found


def in_transit(session: Session, product_ids: Collection[UUID]) -> dict[UUID, Any]:
    """Give how much of each product is expected in all."""
    rows = session.execute(
        select(Arrival.product_id, func.sum(Arrival.quantity))
        .where(Arrival.product_id.in_(product_ids), Arrival.state == ArrivalState.EXPECTED)
        .group_by(Arrival.product_id)
    )
    return {product_id: quantity for product_id, quantity in rows if product_id}


_DUE = """
select number, quantity, expected_on, coalesce(
    (select name from product where product.id = product_id),
    (select name from material where material.id = material_id)) as item_name
from arrival where state = 'expected' and expected_on <= %(day)s
order by expected_on, number limit %(limit)s
"""


def due(work: Work, day: date, limit: int) -> Sequence[Any]:
    """Give what is shown of the arrivals that are expected by a day, the first first."""
    return ask(work.connection, _DUE, {"day": day, "limit": limit})


def listed(
    session: Session,
    *,
    state: ArrivalState | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    limit: int,
    after: str | None = None,
) -> Page[Listed]:
    """List arrivals by the day they are expected."""
    query = (
        select(Arrival, Product, Material)
        .outerjoin(Product, Product.id == Arrival.product_id)
        .outerjoin(Material, Material.id == Arrival.material_id)
        .order_by(Arrival.expected_on, Arrival.number)
        .limit(limit + 1)
    )
    if state is not None:
        query = query.where(Arrival.state == state)
    if first_day is not None:
        query = query.where(Arrival.expected_on >= first_day)
    if last_day is not None:
        query = query.where(Arrival.expected_on <= last_day)
    if after is not None:
        seen, number = after_day(after)
        query = query.where(
            or_(
                Arrival.expected_on > seen,
                and_(Arrival.expected_on == seen, Arrival.number > number),
            )
        )
    rows: Sequence[Listed] = session.execute(query).all()
    return page(rows, limit, lambda row: f"{row.Arrival.expected_on}|{row.Arrival.number}")
