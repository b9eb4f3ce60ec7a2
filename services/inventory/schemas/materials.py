"""Raw materials and recipes on the wire."""

from decimal import Decimal

from marshmallow import fields, validate

from chassis.schema import Identity, Message, Moment, PageRequest, Percent, Quantity, Text
from services.inventory.schemas.fields import BookedByHand, Code, Expected, PerUnit, Why

_DECIMALS = validate.Range(0, 3)


class CreateMaterial(Message):
    """A new material."""

    code = Code(required=True)
    name = Text(required=True, least=1, most=120)
    spec = Text(load_default="", most=200)
    unit = Text(required=True, least=1, most=20)
    unit_decimals = fields.Integer(strict=True, load_default=0, validate=_DECIMALS)


class ChangeMaterial(Why, Expected):
    """What changes about a material, and why; what is not named stays."""

    material_code = Code(required=True)
    name = Text(least=1, most=120)
    spec = Text(most=200)
    unit = Text(least=1, most=20)
    unit_decimals = fields.Integer(strict=True, validate=_DECIMALS)
    active = fields.Boolean()


class MaterialKey(Message):
    """Which material."""

    material_code = Code(required=True)


class SearchMaterials(PageRequest):
    """Materials that fit every filter given."""

    text = Text(load_default=None, allow_none=True, most=60)
    active = fields.Boolean(load_default=None, allow_none=True)


class BookMaterial(BookedByHand):
    """Material booked in or out by hand."""

    material_code = Code(required=True)


class MaterialView(Message):
    """A material as others are shown it."""

    id = Identity()
    code = Text()
    name = Text()
    spec = Text()
    unit = Text()
    unit_decimals = fields.Integer()
    active = fields.Boolean()
    version = fields.Integer()


class IngredientIn(Message):
    """A material of a recipe."""

    material_code = Code(required=True)
    per_unit = PerUnit(required=True, above=0)
    scrap_percent = Percent(load_default=Decimal(0), least=0)


class MakeRecipe(Why):
    """The next version of a product's recipe."""

    product_code = Code(required=True)
    lines = fields.List(
        fields.Nested(IngredientIn), required=True, validate=validate.Length(min=1, max=100)
    )
    changes_product = fields.Boolean(load_default=True)
    process = Text(load_default="", most=5000)
    change_note = Text(load_default="", most=500)


class RecipeKey(Message):
    """Which version of a product's recipe; none named: the current one."""

    product_code = Code(required=True)
    number = fields.Integer(strict=True, load_default=None, allow_none=True)


class ListRecipes(Message):
    """A product's versions, newest first; `after` is the number the page before ended with."""

    product_code = Code(required=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    after = fields.Integer(load_default=None, allow_none=True)


class ExplodeProduct(Message):
    """How much of what a quantity of a product takes."""

    product_code = Code(required=True)
    quantity = Quantity(required=True, above=0)


class RecipeView(Message):
    """A version of a recipe, but for its lines, which name materials."""

    id = Identity()
    number = fields.Integer()
    is_current = fields.Boolean()
    changes_product = fields.Boolean()
    process = Text()
    change_note = Text()
    made_at = Moment()
    made_by = Text()
    version = fields.Integer()


class RecipeLineView(Message):
    """A line of a recipe's bill of material."""

    per_unit = PerUnit()
    scrap_percent = Percent()
