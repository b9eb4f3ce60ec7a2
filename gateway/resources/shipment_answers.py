"""What is answered about shipments."""

from marshmallow import fields

from chassis.schema import Moment, Quantity
from gateway.operations import Answer, page_of


class ShipmentConsignee(Answer):
    """Who gets it, where."""

    name = fields.String()
    phone = fields.String()
    address = fields.String()


class ShipmentLine(Answer):
    """What a shipment carries of one order line."""

    line_id = fields.String()
    line_no = fields.Integer()
    product_id = fields.String()
    product_code = fields.String()
    product_name = fields.String()
    spec = fields.String()
    unit = fields.String()
    unit_decimals = fields.Integer()
    packing = fields.String(allow_none=True)
    quantity = Quantity()
    signed_quantity = Quantity(allow_none=True)
    damaged_quantity = Quantity(allow_none=True)


class Parcel(Answer):
    """A parcel: the code on its label and how far it is."""

    code = fields.String()
    position = fields.Integer()
    progress = fields.String()


class Shipment(Answer):
    """A dispatch request and what became of it."""

    id = fields.String()
    number = fields.String()
    version = fields.Integer()
    order_id = fields.String()
    order_number = fields.String()
    customer_id = fields.String()
    customer_code = fields.String()
    customer_name = fields.String()
    region = fields.String(allow_none=True)
    state = fields.String()
    blocked = fields.String(allow_none=True)
    emergency = fields.Boolean()
    due_at = Moment(metadata={"description": "once released, when its batch leaves"})
    limit_at = Moment(
        allow_none=True,
        metadata={
            "description": "the end of the working days within which it is to leave, whatever its "
            "batch; a stock order's count from its receipt"
        },
    )
    consignee = fields.Nested(ShipmentConsignee)
    delivery_method = fields.String()
    urgency = fields.String()
    requirements = fields.String()
    remark = fields.String()
    requested_at = Moment()
    requester_name = fields.String()
    released_at = Moment(allow_none=True)
    releaser_name = fields.String(allow_none=True)
    verdict = fields.Dict(
        allow_none=True,
        metadata={
            "description": "what the money allowed at the release; no figures and no reason to "
            "whom payments and credit are closed"
        },
    )
    override_note = fields.String(allow_none=True)
    release_withdrawn_at = Moment(allow_none=True)
    batch_day = fields.Date(allow_none=True)
    batch = fields.String(allow_none=True, metadata={"description": "morning or same_day"})
    checked_at = Moment(allow_none=True)
    checker_name = fields.String(allow_none=True)
    handed_at = Moment(allow_none=True)
    dispatcher_name = fields.String(allow_none=True)
    carrier_code = fields.String(allow_none=True)
    carrier_name = fields.String(allow_none=True)
    mode_code = fields.String(allow_none=True)
    waybill = fields.String(allow_none=True)
    depot = fields.String(
        allow_none=True,
        metadata={"description": "where the customer picks it up, once its carrier is known"},
    )
    note_number = fields.String(allow_none=True)
    dispatched_at = Moment(allow_none=True)
    expected_arrival = fields.Date(allow_none=True)
    in_transit_at = Moment(allow_none=True)
    arrived_at = Moment(allow_none=True)
    signed_at = Moment(allow_none=True)
    signer = fields.String(allow_none=True)
    damage = fields.String(allow_none=True)
    receipt_at = Moment(allow_none=True)
    receipt_attachment = fields.String(allow_none=True)
    failed_at = Moment(allow_none=True)
    failure_note = fields.String(allow_none=True)
    cancelled_at = Moment(allow_none=True)
    lines = fields.List(fields.Nested(ShipmentLine))
    parcels = fields.List(fields.Nested(Parcel))


class Obligation(Answer):
    """Something owed for a shipment."""

    kind = fields.String()
    roles = fields.List(fields.String())
    opened_at = Moment()
    due_at = Moment()
    done_at = Moment(allow_none=True)
    done_by_name = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class Sending(Answer):
    """The dispatch notice sent once."""

    channel = fields.String()
    at = Moment()
    received_clearly = fields.Boolean()
    person_name = fields.String()


class Notice(Answer):
    """The dispatch notice (发货告知书)."""

    note_number = fields.String()
    dispatched_at = Moment()
    expected_arrival = fields.Date()
    customer_due = fields.String(allow_none=True)
    later_than_promised = fields.Boolean()
    verified_at = Moment(allow_none=True)
    verifier_name = fields.String(allow_none=True)
    sendings = fields.List(fields.Nested(Sending))


class ParcelScan(Answer):
    """A raw scan with the answer it got."""

    device_id = fields.String()
    device_sequence = fields.Integer()
    device_time = Moment()
    received_at = Moment()
    parcel_code = fields.String()
    kind = fields.String()
    answer = fields.String()
    reason = fields.String(allow_none=True)


class ShipmentInFull(Shipment):
    """A shipment with its order, notice, scans and what it owes."""

    order = fields.Dict(allow_none=True, metadata={"description": "the order as shipping knows it"})
    notice = fields.Nested(Notice, allow_none=True)
    obligations = fields.List(fields.Nested(Obligation))
    scans = fields.List(fields.Nested(ParcelScan))


ShipmentPage = page_of(Shipment)
