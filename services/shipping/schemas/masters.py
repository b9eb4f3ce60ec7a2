"""Carriers, modes, regions, transit times and offers."""

from decimal import Decimal

from marshmallow import fields, validate

from chassis.schema import CODE, Amount, Identity, Message, PageRequest, Text
from services.shipping.schemas.moves import METHODS


def _code(*, required: bool = True) -> fields.String:
    if required:
        return fields.String(required=True, validate=CODE)
    return fields.String(load_default=None, allow_none=True, validate=CODE)


class GetMaster(Message):
    """A record by its code."""

    code = _code()


class RemoveMaster(GetMaster):
    """Take a record out."""

    expected_version = fields.Integer(load_default=None, allow_none=True, strict=True)
    reason = Text(load_default=None, allow_none=True, most=60)


class SearchMasters(PageRequest):
    """Records by the beginning of their code or a part of their name."""

    text = Text(load_default=None, allow_none=True, most=80)
    active = fields.Boolean(load_default=None, allow_none=True)


class AddNamed(Message):
    """A region or a mode."""

    code = _code()
    name = Text(required=True, least=1, most=80)
    active = fields.Boolean(load_default=True)


class ChangeNamed(RemoveMaster):
    """New values for a region or a mode; what is left out stays."""

    name = Text(load_default=None, allow_none=True, least=1, most=80)
    active = fields.Boolean(load_default=None, allow_none=True)


class AddCarrier(Message):
    """A carrier."""

    code = _code()
    name = Text(required=True, least=1, most=120)
    phone = Text(load_default="", most=40)
    note = Text(load_default="", most=500)
    active = fields.Boolean(load_default=True)


class ChangeCarrier(RemoveMaster):
    """New values for a carrier; what is left out stays."""

    name = Text(load_default=None, allow_none=True, least=1, most=120)
    phone = Text(load_default=None, allow_none=True, most=40)
    note = Text(load_default=None, allow_none=True, most=500)
    active = fields.Boolean(load_default=None, allow_none=True)


class NamedView(Message):
    """A region or a mode."""

    id = Identity()
    version = fields.Integer()
    code = fields.String()
    name = fields.String()
    active = fields.Boolean()


class CarrierView(NamedView):
    """A carrier."""

    phone = fields.String()
    note = fields.String()


class TransitKey(Message):
    """Whose transit time, where to, how."""

    carrier_code = _code()
    region_code = _code()
    mode_code = _code()


class RemoveTransit(TransitKey):
    """Take a transit time out."""

    reason = Text(load_default=None, allow_none=True, most=60)


class SetTransit(TransitKey):
    """What the carrier takes: days and money."""

    days = fields.Integer(required=True, strict=True, validate=validate.Range(0, 120))
    cost = Amount(required=True, least=0)
    door_surcharge = Amount(load_default=Decimal(0), least=0)
    depot = Text(load_default="", most=300)
    active = fields.Boolean(load_default=True)
    expected_version = fields.Integer(load_default=None, allow_none=True, strict=True)
    reason = Text(load_default=None, allow_none=True, most=60)


class SearchTransit(PageRequest):
    """Transit times of a carrier, to a region, by a mode."""

    carrier_code = _code(required=False)
    region_code = _code(required=False)
    mode_code = _code(required=False)


class TransitView(Message):
    """A transit time."""

    id = Identity()
    version = fields.Integer()
    carrier_code = fields.String()
    region_code = fields.String()
    mode_code = fields.String()
    days = fields.Integer()
    cost = Amount()
    door_surcharge = Amount()
    depot = fields.String()
    active = fields.Boolean()


class OfferCarriers(Message):
    """For a shipment, an order, or a region by itself."""

    shipment_number = Text(load_default=None, allow_none=True, most=30)
    order_number = Text(load_default=None, allow_none=True, most=30)
    region = Text(load_default=None, allow_none=True, most=80)
    urgency = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(("normal", "urgent"))
    )
    delivery_method = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(METHODS)
    )
    parcels = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 999)
    )


class OfferView(Message):
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
