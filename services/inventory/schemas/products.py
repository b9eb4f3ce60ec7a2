"""Products on the wire."""

from decimal import Decimal

from marshmallow import fields, validate

from chassis.schema import Identity, Message, PageRequest, Percent, Quantity, Text, one_of
from services.inventory.domain.product import Supply
from services.inventory.schemas.fields import Code, Expected, Why

_DECIMALS = validate.Range(0, 3)
_SHARE = validate.Range(max=100)
_MOST_SUBSTITUTES = validate.Length(max=20)


class CreateProduct(Message):
    """A new product."""

    code = Code(required=True)
    name = Text(required=True, least=1, most=120)
    spec = Text(load_default="", most=200)
    category = Text(load_default="", most=60)
    unit = Text(required=True, least=1, most=20)
    unit_decimals = fields.Integer(strict=True, load_default=0, validate=_DECIMALS)
    default_supply = one_of(Supply, required=True)
    tolerance_over = Percent(load_default=Decimal(0), least=0)
    tolerance_under = Percent(load_default=Decimal(0), least=0, validate=_SHARE)
    packing = Text(load_default="", most=500)
    standard = Text(load_default="", most=1000)
    substitutes = fields.List(Code(), load_default=list, validate=_MOST_SUBSTITUTES)


class ChangeProduct(Why, Expected):
    """What changes about a product, and why; what is not named stays."""

    product_code = Code(required=True)
    name = Text(least=1, most=120)
    spec = Text(most=200)
    category = Text(most=60)
    unit = Text(least=1, most=20)
    unit_decimals = fields.Integer(strict=True, validate=_DECIMALS)
    default_supply = one_of(Supply)
    tolerance_over = Percent(least=0)
    tolerance_under = Percent(least=0, validate=_SHARE)
    packing = Text(most=500)
    standard = Text(most=1000)
    active = fields.Boolean()
    substitutes = fields.List(Code(), load_default=None, validate=_MOST_SUBSTITUTES)


class ProductKey(Message):
    """Which product."""

    product_code = Code(required=True)


class SearchProducts(PageRequest):
    """Products that fit every filter given."""

    text = Text(load_default=None, allow_none=True, most=60)
    category = Text(load_default=None, allow_none=True, most=60)
    default_supply = one_of(Supply, load_default=None, allow_none=True)
    active = fields.Boolean(load_default=None, allow_none=True)


class ProductView(Message):
    """A product as others are shown it."""

    id = Identity()
    code = Text()
    name = Text()
    spec = Text()
    category = Text()
    unit = Text()
    unit_decimals = fields.Integer()
    default_supply = fields.String()
    tolerance_over = Percent()
    tolerance_under = Percent()
    packing = Text()
    standard = Text()
    active = fields.Boolean()
    version = fields.Integer()


class ProductPublic(Message):
    """A product as its events carry it."""

    id = Identity()
    code = Text()
    name = Text()
    spec = Text()
    unit = Text()
    unit_decimals = fields.Integer()
    default_supply = fields.String()
    tolerance_over = Percent()
    tolerance_under = Percent()
    packing = Text()
    active = fields.Boolean()
    category = Text()


class SubstituteView(Message):
    """A product that may be offered instead of another."""

    product_code = Text(attribute="code")
    name = Text()
    spec = Text()


class StockView(Message):
    """A balance of a product."""

    store_code = Text()
    condition = fields.String()
    on_hand = Quantity()
    reserved = Quantity()
    free = fields.Function(lambda stock: f"{stock.on_hand - stock.reserved:.3f}")
