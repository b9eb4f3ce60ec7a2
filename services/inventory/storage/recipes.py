"""Recipe versions."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, selectinload

from services.inventory.domain.errors import RecipeNotFound
from services.inventory.domain.product import Product
from services.inventory.domain.recipe import Recipe
from services.inventory.storage.pages import Page, page


def current_of(session: Session, product_ids: Collection[UUID]) -> dict[UUID, Recipe]:
    """Give the current recipe of each product that has one."""
    rows = session.scalars(
        select(Recipe)
        .where(Recipe.product_id.in_(product_ids), Recipe.is_current)
        .options(selectinload(Recipe.lines))
    )
    return {recipe.product_id: recipe for recipe in rows}


def of_product(session: Session, product: Product, number: int) -> Recipe:
    """Load one version of a product's recipe. Raises RecipeNotFound."""
    recipe = session.scalars(
        select(Recipe)
        .where(Recipe.product_id == product.id, Recipe.number == number)
        .options(selectinload(Recipe.lines))
    ).one_or_none()
    if recipe is None:
        raise RecipeNotFound(product_code=product.code, number=number)
    return recipe


def versions_of(
    session: Session, product_id: UUID, *, limit: int, before: int | None
) -> Page[Recipe]:
    """List a product's versions, newest first."""
    query = (
        select(Recipe)
        .where(Recipe.product_id == product_id)
        .order_by(Recipe.number.desc())
        .options(selectinload(Recipe.lines))
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(Recipe.number < before)
    return page(session.scalars(query).all(), limit, lambda recipe: str(recipe.number))


def last_number(session: Session, product_id: UUID) -> int:
    """Give the number of the product's newest version, 0 when it has none."""
    return (
        session.scalar(select(func.max(Recipe.number)).where(Recipe.product_id == product_id)) or 0
    )


def retire_current(session: Session, product_id: UUID) -> None:
    """Make no version of the product current; the caller makes another one so."""
    session.execute(
        update(Recipe)
        .where(Recipe.product_id == product_id, Recipe.is_current)
        .values(is_current=False, version=Recipe.version + 1)
        .execution_options(synchronize_session=False)
    )


def was_changed_since(session: Session, product_id: UUID, moment: datetime) -> bool:
    """Whether a version that customers notice was made after `moment`."""
    found: bool | None = session.scalar(
        select(
            exists().where(
                Recipe.product_id == product_id,
                Recipe.made_at > moment,
                Recipe.changes_product,
            )
        )
    )
    return bool(found)
