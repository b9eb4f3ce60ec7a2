"""Raw materials and their stock."""

from marshmallow import fields, validate

from chassis.schema import CODE, Message, Quantity, Text
from gateway.operations import Answer, Operation, Paged, Reasoned, page_of
from gateway.resources.products import Coming

TAG = "materials"
READ, CHANGE, BOOK = "materials.read", "materials.change", "materials.book"

_DECIMALS = validate.Range(0, 3)


class NewMaterial(Message):
    """A raw material."""

    code = fields.String(required=True, validate=CODE)
    name = Text(required=True, least=1, most=120)
    spec = Text(load_default="", most=200)
    unit = Text(required=True, least=1, most=20)
    unit_decimals = fields.Integer(strict=True, load_default=0, validate=_DECIMALS)


class MaterialEdit(Reasoned):
    """New values; what is left out stays."""

    name = Text(least=1, most=120)
    spec = Text(most=200)
    unit = Text(least=1, most=20)
    unit_decimals = fields.Integer(strict=True, validate=_DECIMALS)
    active = fields.Boolean()


class MaterialSearch(Paged):
    """By a part of code, name or spec."""

    text = Text(load_default=None, allow_none=True, most=60)
    active = fields.Boolean(load_default=None, allow_none=True)


class Booking(Reasoned):
    """A booking by hand: by how much, or what was counted; one of the two, with its reason."""

    change = Quantity(load_default=None, allow_none=True)
    counted = Quantity(load_default=None, allow_none=True, least=0)
    opening = fields.Boolean(load_default=False)


class ListedMaterial(Answer):
    """A raw material."""

    id = fields.String()
    code = fields.String()
    name = fields.String()
    spec = fields.String()
    unit = fields.String()
    unit_decimals = fields.Integer()
    active = fields.Boolean()
    version = fields.Integer()


class Material(ListedMaterial):
    """A raw material with its stock and what is in transit."""

    on_hand = Quantity()
    reserved = Quantity()
    free = Quantity()
    in_transit = fields.List(fields.Nested(Coming))


OPERATIONS = [
    Operation(
        method="GET",
        path="/materials",
        rpc="inventory.search_materials",
        permission=READ,
        summary="Materials by code",
        tag=TAG,
        query=MaterialSearch,
        answer=page_of(ListedMaterial),
    ),
    Operation(
        method="POST",
        path="/materials",
        rpc="inventory.create_material",
        permission=CHANGE,
        summary="Enter a material",
        tag=TAG,
        body=NewMaterial,
        answer=Material,
        status=201,
        location="/materials/{code}",
    ),
    Operation(
        method="GET",
        path="/materials/{material_code}",
        rpc="inventory.get_material",
        permission=READ,
        summary="One material with its stock",
        tag=TAG,
        answer=Material,
    ),
    Operation(
        method="PATCH",
        path="/materials/{material_code}",
        rpc="inventory.change_material",
        permission=CHANGE,
        summary="Change a material",
        tag=TAG,
        body=MaterialEdit,
        answer=Material,
        versioned=True,
    ),
    Operation(
        method="POST",
        path="/materials/{material_code}/bookings",
        rpc="inventory.book_material",
        permission=BOOK,
        summary="Book material in or out by hand, or to what was counted",
        tag=TAG,
        body=Booking,
        answer=Material,
    ),
]
