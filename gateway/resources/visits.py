"""Visits: planned calls to customers after dispatch and receipt."""

from marshmallow import fields, validate

from chassis.schema import Message, Moment, Text
from gateway.operations import Answer, Move, Operation, moves


class VisitList(Message):
    """A day's list (left out: today's), or all visits about one order."""

    on = fields.Date(load_default=None, allow_none=True)
    order_number = Text(load_default=None, allow_none=True, most=30)


class VisitResult(Message):
    """How the call went; a follow-up is planned on the day it was agreed for."""

    reached = fields.Boolean(required=True)
    score = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(1, 5)
    )
    notes = Text(required=True, least=1, most=2000)
    follow_up_on = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"description": "from today on, within 183 days"},
    )
    urgent = fields.Boolean(load_default=False)


class Dropping(Message):
    """Why a call is not made."""

    note = Text(required=True, least=1, most=2000)


class Visit(Answer):
    """A planned call, and how it went."""

    id = fields.String()
    reason = fields.String()
    state = fields.String()
    order_number = fields.String()
    customer_name = fields.String()
    planned_on = fields.Date()
    urgent = fields.Boolean()
    reached = fields.Boolean(allow_none=True)
    score = fields.Integer(allow_none=True)
    notes = fields.String(
        allow_none=True, metadata={"description": "how it went, or why it was dropped"}
    )
    visited_by = fields.String(allow_none=True)
    visited_at = Moment(allow_none=True)


class Visits(Answer):
    """A list of visits."""

    items = fields.List(fields.Nested(Visit))


OPERATIONS = [
    Operation(
        method="GET",
        path="/visits",
        rpc="aftersales.list_visits",
        permission="visits.read",
        summary="A day's calls, urgent ones first; the rest rolls over to the next day",
        tag="visits",
        query=VisitList,
        answer=Visits,
    ),
    Operation(
        method="GET",
        path="/visits/{visit_id}",
        rpc="aftersales.get_visit",
        permission="visits.read",
        summary="One call, and how it went",
        tag="visits",
        answer=Visit,
    ),
    *moves(
        "/visits/{visit_id}",
        Move(
            verb="record",
            rpc="aftersales.record_visit",
            permission="visits.record",
            summary="Write down how a call went",
            body=VisitResult,
            versioned=False,
        ),
        Move(
            verb="drop",
            rpc="aftersales.drop_visit",
            permission="visits.record",
            summary="Give up a call, and with a monthly one those after it",
            body=Dropping,
            versioned=False,
        ),
        answer=Visit,
        tag="visits",
    ),
]
