"""Recipe versions, and the material that a quantity of a product takes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4

from chassis.database import Work
from services.inventory.domain.errors import RecipeNotFound
from services.inventory.domain.material import Demand, Material
from services.inventory.domain.order import UNDER_WAY
from services.inventory.domain.product import Product
from services.inventory.domain.recipe import Ingredient, Recipe, materials_of
from services.inventory.storage import materials, products, recipes, statements
from services.inventory.storage.pages import Page
from services.inventory.use_cases.changes import require_why

# More than the technician can look at one by one.
LOOKED_AT = 200


@dataclass(frozen=True)
class IngredientByCode:
    """A material of a recipe as people name it."""

    material_code: str
    per_unit: Decimal
    scrap_percent: Decimal


def make_recipe(
    work: Work,
    product_code: str,
    ingredients: Sequence[IngredientByCode],
    *,
    changes_product: bool,
    process: str,
    change_note: str,
    reason: str | None,
    note: str | None,
) -> Recipe:
    """Make the next version of a product's recipe and have it in force from now on.

    Raises MaterialNotFound, MaterialInactive, RecipeEmpty.
    """
    product = products.by_code(work.session, product_code, lock=True)
    number = recipes.last_number(work.session, product.id) + 1
    why = require_why(reason) if number > 1 else reason
    known = materials.by_codes(work.session, {i.material_code for i in ingredients})
    for material in known.values():
        material.require_active()
    recipe = Recipe(
        recipe_id=uuid4(),
        product_id=product.id,
        number=number,
        ingredients=[
            Ingredient(known[i.material_code].id, i.per_unit, i.scrap_percent) for i in ingredients
        ],
        changes_product=changes_product,
        process=process,
        change_note=change_note,
        made_at=work.now,
        made_by=work.principal.name,
    )
    recipes.retire_current(work.session, product.id)
    work.session.add(recipe)
    work.log(
        "product",
        product_code,
        "make_recipe",
        changes={"recipe": [number - 1 or None, number]},
        reason=why,
        note=note or change_note or None,
    )
    work.session.flush()
    return recipe


def orders_to_look_at(work: Work, recipe: Recipe) -> list[str]:
    """Give the orders for which technique passed an older version, and that are not issued yet.

    None where the version does not change the product.
    """
    if not recipe.changes_product:
        return []
    return statements.orders_resting_on_technique(
        work.connection, recipe.product_id, UNDER_WAY, LOOKED_AT
    )


def get_recipe(work: Work, product_code: str, number: int | None) -> Recipe:
    """Give a version of a product's recipe, by default the current one."""
    product = products.by_code(work.session, product_code)
    if number is not None:
        return recipes.of_product(work.session, product, number)
    current = recipes.current_of(work.session, [product.id]).get(product.id)
    if current is None:
        raise RecipeNotFound(product_code=product_code, number="-")
    return current


def list_recipes(work: Work, product_code: str, *, limit: int, after: int | None) -> Page[Recipe]:
    """List a product's versions, newest first."""
    product = products.by_code(work.session, product_code)
    return recipes.versions_of(work.session, product.id, limit=limit, before=after)


def materials_named(work: Work, found: Iterable[Recipe]) -> dict[UUID, Material]:
    """Give the materials that recipes name."""
    return materials.by_ids(work.session, materials_of(found))


@dataclass(frozen=True)
class ToMake:
    """A line that is to be made: how much of what."""

    line_id: UUID
    product_id: UUID
    quantity: Decimal


def explode(work: Work, lines: Sequence[ToMake]) -> list[Demand]:
    """Give the material that making the lines takes by the current recipes.

    Raises RecipeNotFound for a product that has none.
    """
    current = recipes.current_of(work.session, {line.product_id for line in lines})
    for line in lines:
        if line.product_id not in current:
            product = products.by_id(work.session, line.product_id)
            raise RecipeNotFound(product_code=product.code, number="-")
    known = materials.by_ids(work.session, materials_of(current.values()))
    decimals = {material.id: material.unit_decimals for material in known.values()}
    return [
        Demand(line.line_id, material_id, quantity)
        for line in lines
        for material_id, quantity in current[line.product_id]
        .explode(line.quantity, decimals)
        .items()
        if quantity
    ]


def explode_product(work: Work, product_code: str, quantity: Decimal) -> Mapping[Material, Decimal]:
    """Give what `quantity` of a product takes, by material."""
    product: Product = products.by_code(work.session, product_code)
    demand = explode(work, [ToMake(product.id, product.id, quantity)])
    known = materials.by_ids(work.session, {d.material_id for d in demand})
    return {known[d.material_id]: d.quantity for d in demand}
