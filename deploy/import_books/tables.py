"""The files of a company's books: their columns, and the rules each cell must keep.

The rules of masters are the gateway's own messages: what passes here is what the API takes.
docs/import.md describes the columns; a test holds it to this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema, fields, validate

from chassis.schema import CODE, Amount, Message, Percent, Price, Quantity, Text
from gateway.resources import carriers, customers, materials, prices, products, work_centres

TEXT, WHOLE, YES_NO, LIST = "text", "whole", "yes_no", "list"
#: What a cell of yes or no may say, in small letters.
WORDS = {"是": True, "否": False, "yes": True, "no": False, "true": True, "false": False}
WORDS |= {"1": True, "0": False}


def _product_code() -> Any:
    # As strict as the masters' own: messages that only look a code up take any text.
    return fields.String(required=True, validate=CODE)


class CustomerRow(customers.NewCustomer):
    """A customer; grade and salesperson are set by commands of their own."""

    class Meta(customers.NewCustomer.Meta):
        exclude = ("contacts", "seals", "addresses", "salesperson_id")

    customer_code = customers.code(required=True)
    grade = fields.String(validate=validate.OneOf(customers.GRADES))
    salesperson = Text(most=40)


class OfCustomer(Message):
    """A part of a customer's file."""

    customer_code = customers.code(required=True)


class ContactRow(OfCustomer, customers.ContactFields):
    """A person at a customer."""


class SealRow(OfCustomer, customers.SealFields):
    """A seal on file."""


class AddressRow(OfCustomer, customers.AddressFields):
    """A place that goods are sent to."""


class MaterialRow(materials.NewMaterial):
    """A raw material, with what is there of it at first."""

    on_hand = Quantity(least=0)


class ProductRow(products.NewProduct):
    """A product, with what is there of it at first."""

    on_hand = Quantity(least=0)
    active = fields.Boolean()


class RecipeRow(products.Ingredient):
    """A material of a product's recipe."""

    product_code = _product_code()


class PriceRow(prices.NewScheme):
    """One price of a scheme; rows of the same scheme are its quantity breaks."""

    class Meta(prices.NewScheme.Meta):
        exclude = ("breaks",)

    product_code = _product_code()
    customer_code: Any = customers.code()
    min_quantity = Quantity(required=True, least=0)
    unit_price = Price(required=True, least=0)


class OrderRow(Message):
    """An order of the old books; without `fulfilled_on` it is still open."""

    order_number = Text(required=True, least=1, most=60)
    customer_code = customers.code(required=True)
    ordered_on = fields.Date(required=True)
    customer_due = fields.Date()
    fulfilled_on = fields.Date()
    consignee_name = Text(most=100)
    consignee_phone = Text(most=40)
    consignee_address = Text(most=300)
    special_requirements = Text(most=2000)


class OrderLineRow(Message):
    """A line of such an order; without `amount` it is reckoned, rounded half-up."""

    order_number = Text(required=True, least=1, most=60)
    product_code = _product_code()
    quantity = Quantity(required=True, above=0)
    unit_price = Price(required=True, least=0)
    discount_percent = Percent(least=0, validate=validate.Range(max=100))
    amount = Amount(least=0)


@dataclass(frozen=True)
class Table:
    """One file: `columns` in their order with how a cell is read, and what names a row.

    `refers` are columns that name a row of another table; `renamed` gives the field of the
    schema where a column has another name.
    """

    name: str
    schema: type[Schema]
    columns: Mapping[str, str]
    key: tuple[str, ...]
    refers: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    def field_of(self, column: str) -> str:
        return self.renamed.get(column, column)

    def column_of(self, field_name: str) -> str:
        back = {inner: column for column, inner in self.renamed.items()}
        return back.get(field_name, field_name)

    def needed(self) -> list[str]:
        """Give the columns that no row can do without."""
        known: Mapping[str, Any] = self.schema().fields
        return [column for column in self.columns if known[self.field_of(column)].required]


def _columns(text: str, **kinds: str) -> dict[str, str]:
    return {name: kinds.get(name, TEXT) for name in text.split()}


_TABLES = (
    Table(
        "regions",
        carriers.NewNamed,
        _columns("region_code name"),
        ("region_code",),
        {},
        {"region_code": "code"},
    ),
    Table(
        "modes",
        carriers.NewNamed,
        _columns("mode_code name"),
        ("mode_code",),
        {},
        {"mode_code": "code"},
    ),
    Table(
        "carriers",
        carriers.NewCarrier,
        _columns("carrier_code name phone note"),
        ("carrier_code",),
        {},
        {"carrier_code": "code"},
    ),
    Table(
        "transit_times",
        carriers.NewTransit,
        _columns("carrier_code region_code mode_code days cost door_surcharge depot", days=WHOLE),
        ("carrier_code", "region_code", "mode_code"),
        {"carrier_code": "carriers", "region_code": "regions", "mode_code": "modes"},
    ),
    Table(
        "customers",
        CustomerRow,
        _columns(
            "customer_code name short_name kind grade region salesperson phone tax_number notes"
        ),
        ("customer_code",),
    ),
    Table(
        "contacts",
        ContactRow,
        _columns("customer_code name title phone email may_sign note", may_sign=YES_NO),
        ("customer_code", "name"),
        {"customer_code": "customers"},
    ),
    Table(
        "seals",
        SealRow,
        _columns("customer_code seal_code description"),
        ("customer_code", "seal_code"),
        {"customer_code": "customers"},
        {"seal_code": "code"},
    ),
    Table(
        "addresses",
        AddressRow,
        _columns(
            "customer_code address label region postal_code consignee phone is_default",
            is_default=YES_NO,
        ),
        ("customer_code", "address"),
        {"customer_code": "customers"},
    ),
    Table(
        "materials",
        MaterialRow,
        _columns("material_code name spec unit unit_decimals on_hand", unit_decimals=WHOLE),
        ("material_code",),
        {},
        {"material_code": "code"},
    ),
    Table(
        "work_centres",
        work_centres.NewWorkCentre,
        _columns(
            "work_centre_code name hours_per_day quantity_per_hour categories", categories=LIST
        ),
        ("work_centre_code",),
        {},
        {"work_centre_code": "code"},
    ),
    Table(
        "products",
        ProductRow,
        _columns(
            "product_code name spec category unit unit_decimals default_supply tolerance_over"
            " tolerance_under packing standard substitutes on_hand active",
            unit_decimals=WHOLE,
            substitutes=LIST,
            active=YES_NO,
        ),
        ("product_code",),
        {"substitutes": "products"},
        {"product_code": "code"},
    ),
    Table(
        "recipes",
        RecipeRow,
        _columns("product_code material_code per_unit scrap_percent"),
        ("product_code", "material_code"),
        {"product_code": "products", "material_code": "materials"},
    ),
    Table(
        "prices",
        PriceRow,
        _columns(
            "scheme_code name product_code customer_code region grade min_quantity unit_price"
            " valid_from valid_until"
        ),
        ("scheme_code", "min_quantity"),
        {"product_code": "products", "customer_code": "customers"},
    ),
    Table(
        "promotions",
        prices.NewPromotion,
        _columns("promotion_code name kind threshold value region grade valid_from valid_until"),
        ("promotion_code",),
    ),
    Table(
        "orders",
        OrderRow,
        _columns(
            "order_number customer_code ordered_on customer_due fulfilled_on consignee_name"
            " consignee_phone consignee_address special_requirements"
        ),
        ("order_number",),
        {"customer_code": "customers"},
    ),
    Table(
        "order_lines",
        OrderLineRow,
        _columns("order_number product_code quantity unit_price discount_percent amount"),
        (),
        {"product_code": "products"},
    ),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _TABLES}
