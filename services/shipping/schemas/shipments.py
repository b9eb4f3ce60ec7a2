"""Views of shipments: for people, and for events."""

from typing import Any

from marshmallow import fields, post_dump, validate

from chassis.schema import Identity, Message, Moment, PageRequest, Quantity, Text, dump, one_of
from services.shipping.domain.lifecycle import Progress, ShipmentState


class GetShipment(Message):
    """One shipment by its number."""

    shipment_number = Text(required=True, least=1, most=30)


class ListOwed(Message):
    """What is owed for which order."""

    order_id = Identity(required=True)


class ListWork(Message):
    """What waits for me."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))


class SearchShipments(PageRequest):
    """Shipments by any combination, newest request first."""

    number = Text(load_default=None, allow_none=True, most=30)
    order_number = Text(load_default=None, allow_none=True, most=30)
    order_id = Identity(load_default=None, allow_none=True)
    customer_id = Identity(load_default=None, allow_none=True)
    customer_code = Text(load_default=None, allow_none=True, most=40)
    waybill = Text(load_default=None, allow_none=True, most=60)
    carrier_code = Text(load_default=None, allow_none=True, most=20)
    batch_day = fields.Date(load_default=None, allow_none=True)
    state = fields.List(
        one_of(ShipmentState), load_default=None, allow_none=True, validate=validate.Length(max=20)
    )
    requested_from = Moment(load_default=None, allow_none=True)
    requested_before = Moment(load_default=None, allow_none=True)


class LineView(Message):
    """A line of a shipment."""

    line_id = Identity()
    line_no = fields.Integer()
    product_id = Identity()
    product_code = fields.String()
    product_name = fields.String()
    spec = fields.String()
    unit = fields.String()
    unit_decimals = fields.Integer()
    packing = fields.String(allow_none=True)
    quantity = Quantity()
    signed_quantity = Quantity(allow_none=True)
    damaged_quantity = Quantity(allow_none=True)


class ParcelView(Message):
    """A parcel with its code and how far it is."""

    code = fields.String()
    position = fields.Integer()
    progress = fields.Function(lambda parcel: Progress(parcel.progress).name.lower())


class ConsigneeView(Message):
    """Who gets it."""

    name = fields.String(attribute="consignee_name")
    phone = fields.String(attribute="consignee_phone")
    address = fields.String(attribute="consignee_address")


class ShipmentView(Message):
    """A shipment with its lines and parcels."""

    id = Identity()
    number = fields.String()
    version = fields.Integer()
    order_id = Identity()
    order_number = fields.String()
    customer_id = Identity()
    customer_code = fields.String()
    customer_name = fields.String()
    region = fields.String(allow_none=True)
    state = fields.String()
    blocked = fields.String(allow_none=True)
    emergency = fields.Boolean()
    due_at = Moment()
    limit_at = Moment(allow_none=True)
    consignee = fields.Function(lambda shipment: dump(ConsigneeView, shipment))
    delivery_method = fields.String()
    urgency = fields.String()
    requirements = fields.String()
    remark = fields.String()
    requested_at = Moment()
    requested_by = fields.String()
    requester_name = fields.String()
    released_at = Moment(allow_none=True)
    released_by = fields.String(allow_none=True)
    releaser_name = fields.String(allow_none=True)
    verdict = fields.Raw(allow_none=True)
    override_note = fields.String(allow_none=True)
    release_withdrawn_at = Moment(allow_none=True)
    batch_day = fields.Date(allow_none=True)
    batch = fields.String(allow_none=True)
    checked_at = Moment(allow_none=True)
    checked_by = fields.String(allow_none=True)
    checker_name = fields.String(allow_none=True)
    handed_at = Moment(allow_none=True)
    handed_by = fields.String(allow_none=True)
    dispatcher_name = fields.String(allow_none=True)
    carrier_code = fields.String(allow_none=True)
    carrier_name = fields.String(allow_none=True)
    mode_code = fields.String(allow_none=True)
    waybill = fields.String(allow_none=True)
    depot = fields.String(allow_none=True)
    note_number = fields.String(allow_none=True)
    dispatched_at = Moment(allow_none=True)
    expected_arrival = fields.Date(allow_none=True)
    notice_verified_at = Moment(allow_none=True)
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
    lines = fields.List(fields.Nested(LineView))
    parcels = fields.List(fields.Nested(ParcelView))


class ObligationView(Message):
    """Something owed for a shipment."""

    kind = fields.String()
    roles = fields.List(fields.String())
    opened_at = Moment()
    due_at = Moment()
    done_at = Moment(allow_none=True)
    done_by_name = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class SendingView(Message):
    """The notice sent once by one channel."""

    channel = fields.String()
    at = Moment()
    received_clearly = fields.Boolean()
    person_name = fields.String()


class ScanView(Message):
    """A raw scan with its answer."""

    device_id = fields.String()
    device_sequence = fields.Integer()
    device_time = Moment()
    received_at = Moment()
    parcel_code = fields.String()
    kind = fields.String()
    answer = fields.String(attribute="verdict")
    reason = fields.String(attribute="code", allow_none=True)


class NoticeView(Message):
    """The dispatch notice (发货告知书): made when the shipment leaves."""

    note_number = fields.String(attribute="shipment.note_number")
    dispatched_at = Moment(attribute="shipment.dispatched_at")
    expected_arrival = fields.Date(attribute="shipment.expected_arrival")
    verified_at = Moment(attribute="shipment.notice_verified_at", allow_none=True)
    verifier_name = fields.String(attribute="shipment.notice_verifier_name", allow_none=True)
    sendings = fields.List(fields.Nested(SendingView))

    @post_dump(pass_original=True)
    def _compare_with_promise(self, data: dict[str, Any], page: Any, **_: Any) -> dict[str, Any]:
        """Set the arrival beside what the confirmation promised, for the clerk's check."""
        promised = page.order.view["customer_due"] if page.order is not None else None
        data["customer_due"] = promised
        data["later_than_promised"] = promised is not None and data["expected_arrival"] > promised
        return data


class ShipmentPage(Message):
    """All that a shipment's page, its dispatch request and its dispatch notice show."""

    obligations = fields.List(fields.Nested(ObligationView))
    scans = fields.List(fields.Nested(ScanView))

    @post_dump(pass_original=True)
    def _unfold(self, data: dict[str, Any], page: Any, **_: Any) -> dict[str, Any]:
        shipment = page.shipment
        order = page.order.view if page.order is not None else None
        notice = dump(NoticeView, page) if shipment.has_left else None
        return {**dump(ShipmentView, shipment), "order": order, "notice": notice, **data}


class OwedItem(Message):
    """Something still owed for an order before it may be closed."""

    kind = fields.String()
    title = fields.String()
    title_zh = fields.String()
    due_at = Moment()
