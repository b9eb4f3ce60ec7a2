"""Raw materials and the search of them."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.grams import wanted
from services.inventory.domain.errors import MaterialNotFound
from services.inventory.domain.material import Material, MaterialMovement
from services.inventory.storage.pages import Page, page


def by_code(session: Session, code: str, *, lock: bool = False) -> Material:
    """Load a material by its code. Raises MaterialNotFound."""
    query = select(Material).where(Material.code == code)
    material = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if material is None:
        raise MaterialNotFound(material_code=code)
    return material


def by_codes(session: Session, codes: Collection[str]) -> dict[str, Material]:
    """Load materials by code. Raises MaterialNotFound for the first that does not exist."""
    rows = session.scalars(select(Material).where(Material.code.in_(codes)))
    found = {material.code: material for material in rows}
    for code in codes:
        if code not in found:
            raise MaterialNotFound(material_code=code)
    return found


def quantities_by_id(session: Session, by_code: Mapping[str, Decimal]) -> dict[UUID, Decimal]:
    """Give quantities by the id of their material. Raises MaterialNotFound."""
    found = by_codes(session, by_code)
    return {found[code].id: quantity for code, quantity in by_code.items()}


def by_ids(session: Session, material_ids: Collection[UUID]) -> dict[UUID, Material]:
    """Load materials by id."""
    rows = session.scalars(select(Material).where(Material.id.in_(material_ids)))
    return {material.id: material for material in rows}


def code_is_taken(session: Session, code: str) -> bool:
    return session.scalar(select(Material.id).where(Material.code == code)) is not None


def search(
    session: Session,
    *,
    text: str | None,
    active: bool | None,
    limit: int,
    after: str | None,
) -> Page[Material]:
    """List materials by code."""
    query = select(Material).order_by(Material.code).limit(limit + 1)
    if text:
        query = query.where(Material.grams.contains(wanted(text)))
    if active is not None:
        query = query.where(Material.active == active)
    if after is not None:
        query = query.where(Material.code > after)
    return page(session.scalars(query).all(), limit, lambda material: material.code)


def has_movements(session: Session, material_id: UUID) -> bool:
    """Whether anything of the material was ever booked."""
    found = session.scalar(
        select(MaterialMovement.id).where(MaterialMovement.material_id == material_id).limit(1)
    )
    return found is not None
