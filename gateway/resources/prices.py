"""Price schemes, promotions, and what something costs somebody today."""

from marshmallow import fields, validate

from chassis.reasons import REASONS
from chassis.schema import SCHEME_CODE, Amount, Message, Moment, Price, Quantity, Text
from gateway.operations import Answer, Operation, Paged, page_of

GRADES = ("A", "B", "C")


class Break(Message):
    """From `min_quantity` on, `unit_price` holds."""

    min_quantity = Quantity(required=True, least=0)
    unit_price = Price(required=True, least=0)


class SchemePrices(Message):
    """Prices by quantity, and the days they hold."""

    breaks = fields.List(
        fields.Nested(Break), required=True, validate=validate.Length(min=1, max=50)
    )
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True)


class NewScheme(SchemePrices):
    """A price for one product: for a customer, a region, a grade, or everybody."""

    scheme_code = fields.String(required=True, validate=SCHEME_CODE)
    name = Text(required=True, least=1, most=120)
    product_code = Text(required=True, least=1, most=20)
    customer_code = Text(load_default=None, allow_none=True, most=20)
    region = Text(load_default=None, allow_none=True, most=60)
    grade = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(GRADES))


class SchemeEdit(SchemePrices):
    """New prices or dates of a scheme, or its end."""

    active = fields.Boolean(load_default=True)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = Text(load_default=None, allow_none=True, most=1000)


class SchemeSearch(Paged):
    """Schemes by product, customer or day."""

    product_code = Text(most=20)
    customer_code = Text(most=20)
    on = fields.Date()


class NewPromotion(Message):
    """A threshold: from so many yuan on, a discount or a coupon."""

    promotion_code = fields.String(required=True, validate=SCHEME_CODE)
    name = Text(required=True, least=1, most=120)
    kind = fields.String(required=True, validate=validate.OneOf(("discount", "coupon")))
    threshold = Amount(required=True, above=0)
    value = Amount(required=True, above=0)
    region = Text(load_default=None, allow_none=True, most=60)
    grade = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(GRADES))
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True)


class PromotionEdit(Message):
    """Other terms of a promotion, or its end."""

    threshold = Amount(required=True, above=0)
    value = Amount(required=True, above=0)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True)
    active = fields.Boolean(load_default=True)
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = Text(load_default=None, allow_none=True, most=1000)


class PriceQuery(Message):
    """What, how much, for whom."""

    customer_code = Text(required=True, least=1, most=20)
    product_code = Text(required=True, least=1, most=20)
    quantity = Quantity(required=True, above=0)


class SchemeBreak(Answer):
    """A price from a quantity on."""

    min_quantity = Quantity()
    unit_price = Price()


class Scheme(Answer):
    """A price scheme."""

    id = fields.String()
    version = fields.Integer()
    code = fields.String()
    name = fields.String()
    product_code = fields.String()
    customer_code = fields.String(allow_none=True)
    region = fields.String(allow_none=True)
    grade = fields.String(allow_none=True)
    breaks = fields.List(fields.Nested(SchemeBreak))
    valid_from = fields.Date()
    valid_until = fields.Date(allow_none=True)
    active = fields.Boolean()
    changed_at = Moment()


class Promotion(Answer):
    """A discount or coupon from a threshold on."""

    id = fields.String()
    version = fields.Integer()
    code = fields.String()
    name = fields.String()
    kind = fields.String()
    threshold = Amount()
    value = Amount()
    grade = fields.String(allow_none=True)
    region = fields.String(allow_none=True)
    valid_from = fields.Date()
    valid_until = fields.Date(allow_none=True)
    active = fields.Boolean()


class Promotions(Answer):
    """All promotions."""

    items = fields.List(fields.Nested(Promotion))


class Quote(Answer):
    """What it costs by the scheme in force, and what was paid last."""

    customer_code = fields.String()
    product_code = fields.String()
    unit_price = Price(allow_none=True)
    scheme_code = fields.String(allow_none=True)
    last_price = Price(allow_none=True)
    last_at = Moment(allow_none=True)


SchemePage = page_of(Scheme)

OPERATIONS = [
    Operation(
        method="GET",
        path="/price-schemes",
        rpc="orders.search_price_schemes",
        permission="prices.read",
        summary="Search price schemes",
        tag="prices",
        query=SchemeSearch,
        answer=SchemePage,
    ),
    Operation(
        method="POST",
        path="/price-schemes",
        rpc="orders.create_price_scheme",
        permission="prices.change",
        summary="Set a price for a product",
        tag="prices",
        body=NewScheme,
        answer=Scheme,
        status=201,
        location="/price-schemes/{code}",
    ),
    Operation(
        method="GET",
        path="/price-schemes/{scheme_code}",
        rpc="orders.get_price_scheme",
        permission="prices.read",
        summary="One price scheme",
        tag="prices",
        answer=Scheme,
    ),
    Operation(
        method="PUT",
        path="/price-schemes/{scheme_code}",
        rpc="orders.change_price_scheme",
        permission="prices.change",
        summary="Change a scheme's prices or dates, or end it",
        tag="prices",
        body=SchemeEdit,
        answer=Scheme,
        versioned=True,
    ),
    Operation(
        method="GET",
        path="/promotions",
        rpc="orders.list_promotions",
        permission="prices.read",
        summary="All promotions",
        tag="prices",
        answer=Promotions,
    ),
    Operation(
        method="POST",
        path="/promotions",
        rpc="orders.create_promotion",
        permission="prices.change",
        summary="Set a discount or coupon from a threshold on",
        tag="prices",
        body=NewPromotion,
        answer=Promotion,
        status=201,
        location="/promotions/{code}",
    ),
    Operation(
        method="GET",
        path="/promotions/{promotion_code}",
        rpc="orders.get_promotion",
        permission="prices.read",
        summary="One promotion",
        tag="prices",
        answer=Promotion,
    ),
    Operation(
        method="PUT",
        path="/promotions/{promotion_code}",
        rpc="orders.change_promotion",
        permission="prices.change",
        summary="Change what a promotion gives or when, or end it",
        tag="prices",
        body=PromotionEdit,
        answer=Promotion,
        versioned=True,
    ),
    Operation(
        method="GET",
        path="/prices",
        rpc="orders.quote_price",
        permission="prices.read",
        summary="What a product costs a customer today",
        tag="prices",
        query=PriceQuery,
        answer=Quote,
    ),
]
