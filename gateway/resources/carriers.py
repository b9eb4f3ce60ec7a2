"""Carriers, modes, regions and transit times, and what they offer."""

from decimal import Decimal

from marshmallow import Schema, fields, validate

from chassis.schema import CODE, Amount, Message, Nothing, Text
from gateway.operations import Answer, Operation, Paged, page_of
from gateway.resources.shipment_messages import METHODS

TAG = "carriers"
READ, CHANGE = "carriers.read", "carriers.change"


def _code(*, required: bool = True) -> fields.String:
    if required:
        return fields.String(required=True, validate=CODE)
    return fields.String(load_default=None, allow_none=True, validate=CODE)


def _optional(most: int) -> Text:
    return Text(load_default=None, allow_none=True, least=1, most=most)


class MasterSearch(Paged):
    """By the beginning of the code or a part of the name."""

    text = Text(load_default=None, allow_none=True, most=80)
    active = fields.Boolean(load_default=None, allow_none=True)


class NewNamed(Message):
    """A region or a mode of transport."""

    code = _code()
    name = Text(required=True, least=1, most=80)
    active = fields.Boolean(load_default=True)


class NamedEdit(Message):
    """New values; what is left out stays."""

    name = _optional(80)
    active = fields.Boolean(load_default=None, allow_none=True)
    reason = _optional(60)


class Removal(Message):
    """Why a record is taken out."""

    reason = Text(most=60)


class NewCarrier(NewNamed):
    """A carrier."""

    name = Text(required=True, least=1, most=120)
    phone = Text(load_default="", most=40)
    note = Text(load_default="", most=500)


class CarrierEdit(NamedEdit):
    """New values of a carrier; what is left out stays."""

    name = _optional(120)
    phone = Text(load_default=None, allow_none=True, most=40)
    note = Text(load_default=None, allow_none=True, most=500)


class Named(Answer):
    """A region or a mode of transport."""

    id = fields.String()
    version = fields.Integer()
    code = fields.String()
    name = fields.String()
    active = fields.Boolean()


class Carrier(Named):
    """A carrier."""

    phone = fields.String()
    note = fields.String()


class NewTransit(Message):
    """What a carrier takes to a region by a mode: entered or replaced as a whole."""

    carrier_code = _code()
    region_code = _code()
    mode_code = _code()
    days = fields.Integer(required=True, strict=True, validate=validate.Range(0, 120))
    cost = Amount(required=True, least=0)
    door_surcharge = Amount(load_default=Decimal(0), least=0)
    depot = Text(load_default="", most=300)
    active = fields.Boolean(load_default=True)
    expected_version = fields.Integer(load_default=None, allow_none=True, strict=True)
    reason = _optional(60)


class TransitSearch(Paged):
    """Of a carrier, to a region, by a mode."""

    carrier_code = _code(required=False)
    region_code = _code(required=False)
    mode_code = _code(required=False)


class Transit(Answer):
    """Days and money of one carrier to one region by one mode."""

    id = fields.String()
    version = fields.Integer()
    carrier_code = fields.String()
    region_code = fields.String()
    mode_code = fields.String()
    days = fields.Integer()
    cost = Amount()
    door_surcharge = Amount()
    depot = fields.String()
    active = fields.Boolean()


class OfferSearch(Message):
    """For a shipment, an order, or a region by itself."""

    shipment_number = _optional(30)
    order_number = _optional(30)
    region = _optional(80)
    urgency = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(("normal", "urgent"))
    )
    delivery_method = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(METHODS)
    )
    parcels = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 999))


class Offer(Answer):
    """One way to send them."""

    carrier_code = fields.String()
    carrier_name = fields.String()
    mode_code = fields.String()
    mode_name = fields.String()
    region_code = fields.String()
    days = fields.Integer()
    cost = Amount()
    depot = fields.String()
    to_door = fields.Boolean()


class Offers(Answer):
    """The ways to send them, the best first."""

    items = fields.List(fields.Nested(Offer))


def _masters(
    noun: str, plural: str, *, new: type[Schema], edit: type[Schema], answer: type[Schema]
) -> list[Operation]:
    """Give the operations that keep one kind of master record."""
    path = f"/{plural}/{{code}}"
    return [
        Operation(
            method="GET",
            path=f"/{plural}",
            rpc=f"shipping.search_{plural}",
            permission=READ,
            summary=f"{plural.capitalize()} by code",
            tag=TAG,
            query=MasterSearch,
            answer=page_of(answer),
        ),
        Operation(
            method="POST",
            path=f"/{plural}",
            rpc=f"shipping.add_{noun}",
            permission=CHANGE,
            summary=f"Enter a {noun}",
            tag=TAG,
            body=new,
            answer=answer,
            status=201,
            location=f"/{plural}/{{code}}",
        ),
        Operation(
            method="GET",
            path=path,
            rpc=f"shipping.get_{noun}",
            permission=READ,
            summary=f"One {noun}",
            tag=TAG,
            answer=answer,
        ),
        Operation(
            method="PATCH",
            path=path,
            rpc=f"shipping.change_{noun}",
            permission=CHANGE,
            summary=f"Change a {noun}",
            tag=TAG,
            body=edit,
            answer=answer,
            versioned=True,
        ),
        Operation(
            method="DELETE",
            path=path,
            rpc=f"shipping.remove_{noun}",
            permission=CHANGE,
            summary=f"Take out a {noun} that nothing stands on",
            tag=TAG,
            query=Removal,
            answer=Nothing,
            versioned=True,
        ),
    ]


OPERATIONS = [
    Operation(
        method="GET",
        path="/carriers/offers",
        rpc="shipping.offer_carriers",
        permission=READ,
        summary="Ways to send goods, by cost, or by time when urgent",
        tag=TAG,
        query=OfferSearch,
        answer=Offers,
    ),
    *_masters("carrier", "carriers", new=NewCarrier, edit=CarrierEdit, answer=Carrier),
    *_masters("region", "regions", new=NewNamed, edit=NamedEdit, answer=Named),
    *_masters("mode", "modes", new=NewNamed, edit=NamedEdit, answer=Named),
    Operation(
        method="GET",
        path="/transit-times",
        rpc="shipping.search_transit_times",
        permission=READ,
        summary="Transit times by carrier, region and mode",
        tag=TAG,
        query=TransitSearch,
        answer=page_of(Transit),
    ),
    Operation(
        method="POST",
        path="/transit-times",
        rpc="shipping.set_transit_time",
        permission=CHANGE,
        summary="Enter or replace what a carrier takes to a region by a mode",
        tag=TAG,
        body=NewTransit,
        answer=Transit,
        problems=(412,),
    ),
    Operation(
        method="DELETE",
        path="/transit-times/{carrier_code}/{region_code}/{mode_code}",
        rpc="shipping.remove_transit_time",
        permission=CHANGE,
        summary="Take out a transit time",
        tag=TAG,
        query=Removal,
        answer=Nothing,
    ),
]
