"""How shipping's events are dumped."""

from collections.abc import Mapping

from marshmallow import Schema, fields

from chassis.events import Event
from chassis.schema import Identity, Message, Moment, Quantity
from services.shipping.domain import events


class AnnouncedLine(Message):
    """A line as others need it."""

    line_id = Identity()
    line_no = fields.Integer()
    product_id = Identity()
    product_code = fields.String()
    quantity = Quantity()
    signed_quantity = Quantity(allow_none=True)
    damaged_quantity = Quantity(allow_none=True)


class AnnouncedShipment(Message):
    """The public view of a shipment; listeners keep what they need of it, newer wins."""

    id = Identity()
    number = fields.String()
    order_id = Identity()
    order_number = fields.String()
    customer_id = Identity()
    customer_name = fields.String()
    state = fields.String()
    emergency = fields.Boolean()
    lines = fields.List(fields.Nested(AnnouncedLine))
    carrier = fields.String(attribute="carrier_name", allow_none=True)
    waybill = fields.String(allow_none=True)
    parcels = fields.Function(lambda shipment: len(shipment.parcels))
    batch_day = fields.Date(allow_none=True)
    batch = fields.String(allow_none=True)
    note_number = fields.String(allow_none=True)
    requested_at = Moment()
    dispatched_at = Moment(allow_none=True)
    expected_arrival = fields.Date(allow_none=True)
    arrived_at = Moment(allow_none=True)
    signed_at = Moment(allow_none=True)
    signer = fields.String(allow_none=True)
    damage = fields.String(allow_none=True)


class AnnouncedScan(Message):
    """A scan as it came in."""

    id = Identity()
    device_id = fields.String()
    device_sequence = fields.Integer()
    device_time = Moment()
    parcel_code = fields.String()
    kind = fields.String()
    received_at = Moment()


class ShipmentFact(Message):
    """A fact about a shipment."""

    shipment = fields.Nested(AnnouncedShipment)


class FailureFact(ShipmentFact):
    """What went wrong on the way."""

    kind = fields.String()
    note = fields.String()


class RejectionFact(ShipmentFact):
    """A scan that may not move its parcel, and why."""

    scan = fields.Nested(AnnouncedScan)
    reason = fields.String()


class UnknownFact(Message):
    """A scan of a code that no parcel has."""

    scan = fields.Nested(AnnouncedScan, attribute="quarantined")


EVENTS: Mapping[type[Event], Schema] = {
    **{
        fact: ShipmentFact()
        for fact in (
            events.DispatchRequested,
            events.ShipmentReleased,
            events.ReleaseWithdrawn,
            events.ShipmentChecked,
            events.ShipmentHanded,
            events.ShipmentPacked,
            events.ShipmentDispatched,
            events.ShipmentInTransit,
            events.ShipmentArrived,
            events.ShipmentSigned,
            events.ReceiptRecorded,
            events.ShipmentCancelled,
        )
    },
    events.ShipmentFailed: FailureFact(),
    events.ScanRejected: RejectionFact(),
    events.ParcelUnknown: UnknownFact(),
}
