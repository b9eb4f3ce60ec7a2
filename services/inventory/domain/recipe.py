"""Recipe versions: how a product is made and of what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chassis import quantity as quantities
from chassis.mapping import Moment, Percent, Versioned
from services.inventory.domain import Base
from services.inventory.domain.errors import RecipeEmpty


@dataclass(frozen=True)
class Ingredient:
    """A material of a recipe, per unit of product, before waste."""

    material_id: UUID
    per_unit: Decimal
    scrap_percent: Decimal


class RecipeLine(Base):
    """One material of a recipe's bill of material."""

    __tablename__ = "recipe_line"
    __table_args__ = (
        CheckConstraint("per_unit > 0", name="per_unit"),
        CheckConstraint("scrap_percent >= 0", name="scrap_percent"),
        Index("ix_recipe_line_material", "material_id"),
    )

    recipe_id: Mapped[UUID] = mapped_column(ForeignKey("recipe.id"), primary_key=True)
    material_id: Mapped[UUID] = mapped_column(ForeignKey("material.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    per_unit: Mapped[Decimal] = mapped_column(
        Numeric(16, 6), comment="material for one unit of product, before waste"
    )
    scrap_percent: Mapped[Percent] = mapped_column(comment="waste, on top of per_unit")

    def demand(self, quantity: Decimal, decimals: int) -> Decimal:
        """Give what `quantity` units of product take, rounded up to the material's unit."""
        return quantities.needed(
            quantity * self.per_unit * (100 + self.scrap_percent) / 100, decimals
        )


class Recipe(Versioned, Base):
    """One version of a product's recipe; it never changes, a new one takes its place.

    At most one version of a product is current.
    """

    __tablename__ = "recipe"
    __table_args__ = (
        UniqueConstraint("product_id", "number"),
        Index("ix_recipe_current", "product_id", unique=True, postgresql_where=text("is_current")),
    )

    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"))
    number: Mapped[int] = mapped_column(Integer, comment="1, 2, … per product")
    is_current: Mapped[bool] = mapped_column(Boolean)
    changes_product: Mapped[bool] = mapped_column(
        Boolean, comment="customers notice it: technique must be confirmed again (工艺改变)"
    )
    process: Mapped[str] = mapped_column(Text, comment="how it is made (工艺)")
    change_note: Mapped[str] = mapped_column(String(500), comment="what differs from before")
    made_at: Mapped[Moment]
    made_by: Mapped[str] = mapped_column(String(120))
    lines: Mapped[list[RecipeLine]] = relationship(
        lazy="raise", order_by=RecipeLine.position, cascade="all, delete-orphan"
    )

    def __init__(
        self,
        *,
        recipe_id: UUID,
        product_id: UUID,
        number: int,
        ingredients: Sequence[Ingredient],
        changes_product: bool,
        process: str,
        change_note: str,
        made_at: datetime,
        made_by: str,
    ) -> None:
        materials = [ingredient.material_id for ingredient in ingredients]
        if not materials or len(set(materials)) < len(materials):
            raise RecipeEmpty
        super().__init__()
        self.id = recipe_id
        self.product_id = product_id
        self.number = number
        self.is_current = True
        self.changes_product = changes_product
        self.process = process
        self.change_note = change_note
        self.made_at = made_at
        self.made_by = made_by
        self.lines = [
            RecipeLine(
                material_id=ingredient.material_id,
                position=position,
                per_unit=ingredient.per_unit,
                scrap_percent=ingredient.scrap_percent,
            )
            for position, ingredient in enumerate(ingredients, start=1)
        ]

    def explode(self, quantity: Decimal, decimals: Mapping[UUID, int]) -> dict[UUID, Decimal]:
        """Give the material that `quantity` units of product take, by material.

        `decimals` says how many places each material's unit has.
        """
        return {
            line.material_id: line.demand(quantity, decimals[line.material_id])
            for line in self.lines
        }


def materials_of(recipes: Iterable[Recipe]) -> set[UUID]:
    """Give every material that the recipes name."""
    return {line.material_id for recipe in recipes for line in recipe.lines}
