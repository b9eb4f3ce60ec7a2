"""Arrivals, transfers between stores and wishes on the wire."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from chassis.schema import Identity, Message, Moment, PageRequest, Quantity, Text, one_of
from services.inventory.domain.lifecycle import ArrivalState, TransferState, WishState
from services.inventory.schemas.fields import Code, Expected


class ExpectArrival(Message):
    """A product or a material that is in transit to us."""

    product_code = Code(load_default=None, allow_none=True)
    material_code = Code(load_default=None, allow_none=True)
    store_code = Code(load_default=None, allow_none=True)
    quantity = Quantity(required=True, above=0)
    expected_on = fields.Date(required=True)
    supplier = Text(load_default="", most=120)
    note = Text(load_default="", most=500)

    @validates_schema
    def _one_item(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data.get("product_code") is None) == (data.get("material_code") is None):
            raise ValidationError("Give either product_code or material_code.", "product_code")


class ArrivalKey(Message):
    """Which arrival."""

    number = Text(required=True, least=1, most=20)


class ReceiveArrival(ArrivalKey, Expected):
    """What was counted (none said: all), and when the rest is expected if it is."""

    quantity = Quantity(load_default=None, allow_none=True, least=0)
    rest_expected_on = fields.Date(load_default=None, allow_none=True)
    note = Text(load_default=None, allow_none=True, most=1000)


class PostponeArrival(ArrivalKey, Expected):
    """Another day for an arrival."""

    expected_on = fields.Date(required=True)
    note = Text(load_default=None, allow_none=True, most=1000)


class CancelArrival(ArrivalKey, Expected):
    """An arrival that will not come."""

    note = Text(load_default=None, allow_none=True, most=1000)


class ListArrivals(PageRequest):
    """Arrivals that fit every filter given, by the day they are expected."""

    state = one_of(ArrivalState, load_default=None, allow_none=True)
    first_day = fields.Date(load_default=None, allow_none=True)
    last_day = fields.Date(load_default=None, allow_none=True)


class ArrivalView(Message):
    """An arrival, but for what it brings."""

    id = Identity()
    number = Text()
    store_code = Text()
    quantity = Quantity()
    received_quantity = Quantity()
    expected_on = fields.Date()
    supplier = Text()
    note = Text()
    state = fields.String()
    created_at = Moment()
    received_at = Moment()
    received_by = Text()
    version = fields.Integer()


class RequestTransfer(Message):
    """Goods that one store asks another for."""

    product_code = Code(required=True)
    quantity = Quantity(required=True, above=0)
    from_store = Code(required=True)
    to_store = Code(load_default=None, allow_none=True)
    order_number = Text(load_default=None, allow_none=True, most=20)
    note = Text(load_default="", most=500)


class TransferMove(Expected):
    """A move of a transfer."""

    number = Text(required=True, least=1, most=20)
    note = Text(load_default=None, allow_none=True, most=1000)


class TransferKey(Message):
    """Which transfer."""

    number = Text(required=True, least=1, most=20)


class ListTransfers(PageRequest):
    """Transfers, oldest first."""

    state = one_of(TransferState, load_default=None, allow_none=True)


class TransferView(Message):
    """A transfer, but for its product."""

    id = Identity()
    number = Text()
    from_store = Text()
    to_store = Text()
    quantity = Quantity()
    order_number = Text()
    note = Text()
    state = fields.String()
    requested_at = Moment()
    requested_by_name = Text()
    decided_at = Moment()
    decided_by_name = Text()
    received_at = Moment()
    received_by_name = Text()
    version = fields.Integer()


class MakeWish(Message):
    """A customer's wish for goods that are out of stock."""

    product_code = Code(required=True)
    quantity = Quantity(required=True, above=0)
    customer_id = Identity(load_default=None, allow_none=True)
    customer_name = Text(required=True, least=1, most=120)
    note = Text(load_default="", most=500)


class WithdrawWish(Message):
    """A wish that nobody has any more."""

    number = Text(required=True, least=1, most=20)
    note = Text(load_default=None, allow_none=True, most=1000)


class ListWishes(PageRequest):
    """Wishes, oldest first."""

    state = one_of(WishState, load_default=None, allow_none=True)


class WishView(Message):
    """A wish, but for its product."""

    id = Identity()
    number = Text()
    quantity = Quantity()
    customer_id = Identity()
    customer_name = Text()
    note = Text()
    state = fields.String()
    made_at = Moment()
    made_by = Text()
    met_at = Moment()
    version = fields.Integer()
