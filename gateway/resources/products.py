"""Products, what may be offered instead of them, and their recipes."""

from decimal import Decimal

from marshmallow import fields, validate

from chassis.schema import CODE, Message, Moment, Percent, Price, Quantity, Text
from gateway.operations import Answer, Operation, Paged, Reasoned, page_of

TAG = "products"
READ, CHANGE, RECIPE = "products.read", "products.change", "products.make_recipe"

_SUPPLY = validate.OneOf(("stock", "make"))
_DECIMALS = validate.Range(0, 3)
_SHARE = validate.Range(max=100)
_MOST_SUBSTITUTES = validate.Length(max=20)


class NewProduct(Message):
    """A product."""

    code = fields.String(required=True, validate=CODE)
    name = Text(required=True, least=1, most=120)
    spec = Text(load_default="", most=200)
    category = Text(load_default="", most=60)
    unit = Text(required=True, least=1, most=20)
    unit_decimals = fields.Integer(strict=True, load_default=0, validate=_DECIMALS)
    default_supply = fields.String(required=True, validate=_SUPPLY)
    tolerance_over = Percent(load_default=Decimal(0), least=0)
    tolerance_under = Percent(load_default=Decimal(0), least=0, validate=_SHARE)
    packing = Text(load_default="", most=500)
    standard = Text(
        load_default="",
        most=1000,
        metadata={"description": "what final inspection judges by (产品出厂标准)"},
    )
    substitutes = fields.List(
        fields.String(validate=CODE), load_default=list, validate=_MOST_SUBSTITUTES
    )


class ProductEdit(Reasoned):
    """New values; what is left out stays."""

    name = Text(least=1, most=120)
    spec = Text(most=200)
    category = Text(most=60)
    unit = Text(least=1, most=20)
    unit_decimals = fields.Integer(strict=True, validate=_DECIMALS)
    default_supply = fields.String(validate=_SUPPLY)
    tolerance_over = Percent(least=0)
    tolerance_under = Percent(least=0, validate=_SHARE)
    packing = Text(most=500)
    standard = Text(most=1000)
    active = fields.Boolean()
    substitutes = fields.List(fields.String(validate=CODE), validate=_MOST_SUBSTITUTES)


class ProductSearch(Paged):
    """By a part of code, name or spec, by category and supply."""

    text = Text(load_default=None, allow_none=True, most=60)
    category = Text(load_default=None, allow_none=True, most=60)
    default_supply = fields.String(load_default=None, allow_none=True, validate=_SUPPLY)
    active = fields.Boolean(load_default=None, allow_none=True)


class ListedProduct(Answer):
    """A product."""

    id = fields.String()
    code = fields.String()
    name = fields.String()
    spec = fields.String()
    category = fields.String()
    unit = fields.String()
    unit_decimals = fields.Integer()
    default_supply = fields.String()
    tolerance_over = Percent()
    tolerance_under = Percent()
    packing = fields.String()
    standard = fields.String()
    active = fields.Boolean()
    version = fields.Integer()


class Offered(Answer):
    """A product that may be offered instead."""

    product_code = fields.String()
    name = fields.String()
    spec = fields.String()


class Balance(Answer):
    """What a store has in one condition."""

    store_code = fields.String()
    condition = fields.String()
    on_hand = Quantity()
    reserved = Quantity()
    free = Quantity()


class Coming(Answer):
    """The next arrival."""

    date = fields.Date()
    quantity = Quantity()
    number = fields.String()


class Product(ListedProduct):
    """A product with its stock, what is in transit, and what may be offered instead."""

    substitutes = fields.List(fields.Nested(Offered))
    stock = fields.List(fields.Nested(Balance))
    in_transit = Quantity()
    next_arrival = fields.Nested(Coming, allow_none=True)


class Ingredient(Message):
    """A material of a recipe."""

    material_code = fields.String(required=True, validate=CODE)
    per_unit = Price(required=True, above=0)
    scrap_percent = Percent(load_default=Decimal(0), least=0)


class NewRecipe(Reasoned):
    """The next version of a recipe; from the second on it says why."""

    lines = fields.List(
        fields.Nested(Ingredient), required=True, validate=validate.Length(min=1, max=100)
    )
    changes_product = fields.Boolean(
        load_default=True, metadata={"description": "customers notice it (工艺改变)"}
    )
    process = Text(load_default="", most=5000)
    change_note = Text(load_default="", most=500)


class RecipeLine(Answer):
    """A line of a bill of material."""

    material_code = fields.String()
    material_name = fields.String()
    unit = fields.String()
    per_unit = Price()
    scrap_percent = Percent()


class Recipe(Answer):
    """A version of a product's recipe."""

    id = fields.String()
    number = fields.Integer()
    is_current = fields.Boolean()
    changes_product = fields.Boolean()
    process = fields.String()
    change_note = fields.String()
    made_at = Moment()
    made_by = fields.String()
    lines = fields.List(fields.Nested(RecipeLine))


class MadeRecipe(Recipe):
    """A new version, and whom it concerns."""

    orders_under_way = fields.List(
        fields.String(),
        metadata={
            "description": "numbers of orders, not yet issued, for which technique passed an "
            "older version; empty where the product does not change"
        },
    )


class RecipeVersion(Message):
    """Which version; none: the current one."""

    number = fields.Integer(load_default=None, allow_none=True)


class RecipeSearch(Message):
    """Paging; `after` is the cursor the page before gave."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    after = fields.Integer(load_default=None, allow_none=True)


class ToExplode(Message):
    """How much is to be made."""

    quantity = Quantity(required=True, above=0)


class Need(Answer):
    """How much of a material that takes."""

    material_code = fields.String()
    material_name = fields.String()
    unit = fields.String()
    quantity = Quantity()


class Needs(Answer):
    """The material that a quantity of a product takes."""

    items = fields.List(fields.Nested(Need))


OPERATIONS = [
    Operation(
        method="GET",
        path="/products",
        rpc="inventory.search_products",
        permission=READ,
        summary="Products by code",
        tag=TAG,
        query=ProductSearch,
        answer=page_of(ListedProduct),
    ),
    Operation(
        method="POST",
        path="/products",
        rpc="inventory.create_product",
        permission=CHANGE,
        summary="Enter a product",
        tag=TAG,
        body=NewProduct,
        answer=Product,
        status=201,
        location="/products/{code}",
    ),
    Operation(
        method="GET",
        path="/products/{product_code}",
        rpc="inventory.get_product",
        permission=READ,
        summary="One product with its stock",
        tag=TAG,
        answer=Product,
    ),
    Operation(
        method="PATCH",
        path="/products/{product_code}",
        rpc="inventory.change_product",
        permission=CHANGE,
        summary="Change a product",
        tag=TAG,
        body=ProductEdit,
        answer=Product,
        versioned=True,
    ),
    Operation(
        method="GET",
        path="/products/{product_code}/recipes",
        rpc="inventory.list_recipes",
        permission=READ,
        summary="A product's recipe versions, newest first",
        tag=TAG,
        query=RecipeSearch,
        answer=page_of(Recipe),
    ),
    Operation(
        method="POST",
        path="/products/{product_code}/recipes",
        rpc="inventory.make_recipe",
        permission=RECIPE,
        summary="Put a new version of the recipe in force",
        tag=TAG,
        body=NewRecipe,
        answer=MadeRecipe,
        status=201,
    ),
    Operation(
        method="GET",
        path="/products/{product_code}/recipe",
        rpc="inventory.get_recipe",
        permission=READ,
        summary="The current recipe, or the version asked for",
        tag=TAG,
        query=RecipeVersion,
        answer=Recipe,
    ),
    Operation(
        method="GET",
        path="/products/{product_code}/material-demand",
        rpc="inventory.explode_product",
        permission=READ,
        summary="The material that a quantity takes",
        tag=TAG,
        query=ToExplode,
        answer=Needs,
    ),
]
