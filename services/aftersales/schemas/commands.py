"""Commands and questions in."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from chassis.schema import Amount, Identity, Message, PageRequest, Quantity, Text, one_of
from services.aftersales.domain.lifecycle import CaseKind, CaseState, Resolution


class ReturnLine(Message):
    """How many of an order line come back."""

    line_no = fields.Integer(required=True, validate=validate.Range(1, 1000))
    quantity = Quantity(required=True, above=0)


def _photos() -> fields.List[str]:
    """Content hashes of pictures; the gateway keeps their bytes."""
    return fields.List(Text(most=100), load_default=[], validate=validate.Length(max=20))


class OpenCase(Message):
    """A customer wants to give goods back."""

    order_number = Text(required=True, least=1, most=30)
    kind = one_of(
        CaseKind,
        load_default=CaseKind.RETURN,
        # A failed delivery opens its case by itself.
        validate=validate.NoneOf([CaseKind.DELIVERY]),
    )
    wish = Text(required=True, least=1, most=2000)
    lines = fields.List(fields.Nested(ReturnLine), required=True, validate=validate.Length(1, 200))
    photos = _photos()


class OnCase(Message):
    """A command on one case."""

    case_number = Text(required=True, least=1, most=30)
    expected_version = fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(1)
    )


class AcknowledgeCase(OnCase):
    """The customer has had a first answer; what it was."""

    note = Text(required=True, least=1, most=1000)


class DecideCase(OnCase):
    """The supervisor's word on taking goods back."""

    decision = Text(required=True, least=1, most=1000)


class AwaitGoods(OnCase):
    """Where the customer sends the goods."""

    return_to = Text(required=True, least=1, most=300)


class ReceivedLine(Message):
    """What came back of a line."""

    line_no = fields.Integer(required=True, validate=validate.Range(1, 1000))
    quantity = Quantity(required=True, least=0)


class ReceiveReturn(OnCase):
    """The goods are here; a line not named came in full, but a failed delivery's must be named."""

    lines = fields.List(
        fields.Nested(ReceivedLine), load_default=[], validate=validate.Length(max=200)
    )


class InspectedLine(Message):
    """What becomes of the pieces of a line."""

    line_no = fields.Integer(required=True, validate=validate.Range(1, 1000))
    restock = Quantity(load_default=0, least=0)
    rework = Quantity(load_default=0, least=0)
    scrap = Quantity(load_default=0, least=0)
    transfer = Quantity(load_default=0, least=0)
    defect = Text(load_default=None, allow_none=True, most=500)


class InspectReturn(OnCase):
    """The inspector's findings, every received piece with one disposition."""

    lines = fields.List(
        fields.Nested(InspectedLine), required=True, validate=validate.Length(1, 200)
    )
    photos = _photos()


class SettleCase(OnCase):
    """The money the customer gets back as credit; left out: all the goods were sold for."""

    refund = Amount(load_default=None, allow_none=True, least=0)
    resolution = one_of(Resolution, load_default=None, allow_none=True)
    note = Text(load_default=None, allow_none=True, most=1000)


class ReshipCase(OnCase):
    """Which order replaces the goods, and why."""

    order_number = Text(required=True, least=1, most=30)
    note = Text(required=True, least=1, most=1000)


class CloseCase(OnCase):
    """The customer was told; nothing is owed."""

    note = Text(load_default=None, allow_none=True, most=1000)


class CaseAsked(Message):
    """A question about one case."""

    case_number = Text(required=True, least=1, most=30)


class SearchCases(PageRequest):
    """Cases by customer, order and state."""

    q = Text(load_default=None, allow_none=True, most=60)
    order_number = Text(load_default=None, allow_none=True, most=30)
    state = fields.List(one_of(CaseState), load_default=[])


class VisitsAsked(Message):
    """A day's list (left out: today's), or the visits about one order."""

    on = fields.Date(load_default=None, allow_none=True)
    order_number = Text(load_default=None, allow_none=True, most=30)


class RecordVisit(Message):
    """How a call went; a follow-up is planned on the day it was agreed for."""

    visit_id = Identity(required=True)
    reached = fields.Boolean(required=True)
    score = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 5))
    notes = Text(required=True, least=1, most=2000)
    follow_up_on = fields.Date(load_default=None, allow_none=True)
    urgent = fields.Boolean(load_default=False)

    @validates_schema
    def _only_who_was_reached_gives_a_score(self, data: dict[str, Any], **_: Any) -> None:
        if data["score"] is not None and not data["reached"]:
            raise ValidationError("Only a customer who was reached gives a score.", "score")


class DropVisit(Message):
    """Why a planned call is not made."""

    visit_id = Identity(required=True)
    note = Text(required=True, least=1, most=2000)


class VisitAsked(Message):
    """A question about one visit."""

    visit_id = Identity(required=True)


class WorkAsked(Message):
    """What waits for the asker."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))
