"""Scans of parcels by devices, and those of codes that no parcel has."""

from marshmallow import fields, validate

from chassis.schema import Message, Moment, Text
from gateway.operations import Answer, Move, Operation, Paged, moves, page_of

KINDS = ("pick", "pack", "load", "dispatch", "arrive", "sign")
MOST_SCANS = 500


class Scan(Message):
    """One scan as the device made it; its sequence names it for ever."""

    device_sequence = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=0, max=2**62)
    )
    device_time = Moment(required=True)
    parcel_code = Text(required=True, least=1, most=60)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))


class Scans(Message):
    """One scan or a batch, in any order, any number of times.

    A device is known by its key; `device_id` is for people who send the scans of a device without
    one. A person sends the kinds of moves that are that person's by hand; a batch with any other
    is refused whole.
    """

    device_id = Text(load_default=None, allow_none=True, least=1, most=40)
    scans = fields.List(
        fields.Nested(Scan), required=True, validate=validate.Length(min=1, max=MOST_SCANS)
    )


class ScanTold(Answer):
    """What a scanner is told: accepted, rejected or quarantined, and why."""

    device_sequence = fields.Integer()
    parcel_code = fields.String()
    kind = fields.String()
    answer = fields.String()
    reason = fields.String(allow_none=True)
    shipment_number = fields.String(allow_none=True)
    repeated = fields.Boolean(metadata={"description": "this is the answer it got the first time"})


class ScansTold(Answer):
    """An answer to each scan, in their order."""

    items = fields.List(fields.Nested(ScanTold))


class QuarantinedScan(Answer):
    """A scan of a code that no parcel has."""

    id = fields.String()
    version = fields.Integer()
    device_id = fields.String()
    device_sequence = fields.Integer()
    device_time = Moment()
    parcel_code = fields.String()
    kind = fields.String()
    received_at = Moment()
    misread = fields.Boolean(metadata={"description": "the check digit does not fit"})
    resolution = fields.String(allow_none=True)
    assigned_code = fields.String(allow_none=True)
    resolved_at = Moment(allow_none=True)
    resolver_name = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class ScanResolution(Message):
    """Which parcel it was; without a code: none of ours."""

    parcel_code = Text(load_default=None, allow_none=True, most=60)
    note = Text(required=True, least=1, most=1000)


OPERATIONS = [
    Operation(
        method="POST",
        path="/scans",
        rpc="shipping.record_scans",
        permission="scans.send",
        summary="Send one scan or up to 500; each gets its answer",
        tag="scans",
        body=Scans,
        answer=ScansTold,
        # A scan's own name makes it count once, however often it is sent.
        keyed=False,
    ),
    Operation(
        method="GET",
        path="/scans/quarantined",
        rpc="shipping.list_quarantined",
        permission="scans.resolve",
        summary="Scans of unknown parcels that wait for a person, oldest first",
        tag="scans",
        query=Paged,
        answer=page_of(QuarantinedScan),
    ),
    *moves(
        "/scans/quarantined/{scan_id}",
        Move(
            verb="resolve",
            rpc="shipping.resolve_quarantined",
            permission="scans.resolve",
            summary="Say which parcel it was, or that it was none of ours",
            body=ScanResolution,
            # Resolved once: a second person's word is refused as such.
            versioned=False,
        ),
        answer=QuarantinedScan,
        tag="scans",
    ),
]
