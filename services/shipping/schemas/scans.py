"""Scans in, answers out."""

from marshmallow import fields, validate

from chassis.schema import Identity, Message, Moment, PageRequest, Text, one_of
from services.shipping.domain.lifecycle import ScanKind

MOST_SCANS = 500


class ScanIn(Message):
    """One scan as the device made it."""

    device_sequence = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=0, max=2**62)
    )
    device_time = Moment(required=True)
    parcel_code = Text(required=True, least=1, most=60)
    kind = one_of(ScanKind, required=True)


class RecordScans(Message):
    """A batch of scans of one device; their order does not matter."""

    device_id = Text(load_default=None, allow_none=True, least=1, most=40)
    scans = fields.List(
        fields.Nested(ScanIn), required=True, validate=validate.Length(min=1, max=MOST_SCANS)
    )


class ScanTold(Message):
    """What a scanner is told of one scan."""

    device_sequence = fields.Integer()
    parcel_code = fields.String()
    kind = fields.String()
    answer = fields.String()
    reason = fields.String(allow_none=True)
    shipment_number = fields.String(allow_none=True)
    repeated = fields.Boolean()


class ListQuarantined(PageRequest):
    """Scans of unknown parcels that wait for a person."""


class ResolveQuarantined(Message):
    """What an unknown parcel was: one of ours, or (no code) none."""

    scan_id = Identity(required=True)
    parcel_code = Text(load_default=None, allow_none=True, most=60)
    note = Text(required=True, least=1, most=1000)


class QuarantinedView(Message):
    """A scan of an unknown parcel."""

    id = Identity()
    version = fields.Integer()
    device_id = fields.String()
    device_sequence = fields.Integer()
    device_time = Moment()
    parcel_code = fields.String()
    kind = fields.String()
    received_at = Moment()
    misread = fields.Boolean()
    resolution = fields.String(allow_none=True)
    assigned_code = fields.String(allow_none=True)
    resolved_at = Moment(allow_none=True)
    resolver_name = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
