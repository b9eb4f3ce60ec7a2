"""Statements on the wire."""

from typing import Any

from marshmallow import fields, validate

from chassis.schema import Identity, Message, Moment, PageRequest, Text, dump, one_of
from services.inventory.domain.lifecycle import StatementKind, Verdict
from services.inventory.domain.statement import Basis, Statement


class _Signed(Message):
    """What every signature carries: for which order and revision, in which words, until when."""

    order_number = Text(required=True, least=1, most=20)
    revision = fields.Integer(required=True, validate=validate.Range(min=1))
    text = Text(required=True, least=1, most=4000)
    valid_until = fields.Date(load_default=None, allow_none=True)
    attachment = Text(most=100, load_default=None, allow_none=True)
    expected_version = fields.Integer(load_default=None, allow_none=True)


class SignTechnique(_Signed):
    """A technician's verdict on whether the made lines can be produced."""

    verdict = one_of(Verdict, required=True)
    basis = one_of(Basis, load_default=Basis.CURRENT_RECIPE)
    reference = Text(load_default=None, allow_none=True, most=1000)


class SignMaterial(_Signed):
    """A technician's verdict on the raw material: passed, short (with its date) or waits."""

    verdict = one_of(Verdict, required=True)
    material_date = fields.Date(load_default=None, allow_none=True)


class ScheduledLine(Message):
    """The date of one line, and the work centre that makes it where the planner chooses one."""

    line_id = Identity(required=True)
    production_due = fields.Date(required=True)
    work_centre_code = Text(load_default=None, allow_none=True, most=20)


class SignSchedule(_Signed):
    """The planner's dates: one for all lines, or line by line."""

    production_due = fields.Date(load_default=None, allow_none=True)
    lines = fields.List(
        fields.Nested(ScheduledLine), load_default=list, validate=validate.Length(max=200)
    )


class StatementOf(Message):
    """Which statement: an order's latest of a kind."""

    order_number = Text(required=True, least=1, most=20)
    kind = one_of(StatementKind, required=True)


class StatementsOf(Message):
    """Of which order the moves are asked for."""

    order_number = Text(required=True, least=1, most=20)


class SearchStatements(PageRequest):
    """Which statements."""

    order_number = Text(load_default=None, allow_none=True, most=20)
    kind = one_of(StatementKind, load_default=None, allow_none=True)
    verdict = one_of(Verdict, load_default=None, allow_none=True)


class _Facts(Message):
    """What is known of a statement beside its verdict."""

    id = Identity()
    order_id = Identity()
    order_number = fields.String()
    kind = one_of(StatementKind)
    revision = fields.Integer()
    carried_to = fields.Integer()
    opened_at = Moment()
    text = fields.String()
    signer_id = fields.String()
    signer_name = fields.String()
    signed_at = Moment()
    valid_until = fields.Date()
    attachment = fields.String()
    basis = one_of(Basis)
    reference = fields.String()
    material_date = fields.Date()
    production_due = fields.Date()
    figures = fields.Dict()
    lines = fields.List(fields.Dict())
    version = fields.Integer()


class StatementView(_Facts):
    """A statement as people read it."""

    verdict = one_of(Verdict)


class StatementPage(Message):
    """Some statements, and the cursor of the rest."""

    items = fields.List(fields.Nested(StatementView))
    next = fields.String()


class DraftView(Message):
    """What a statement would be signed for, with the figures of this moment."""

    order_id = Identity()
    order_number = fields.String()
    customer_name = fields.String()
    revision = fields.Integer()
    kind = one_of(StatementKind)
    statement = fields.Nested(StatementView)
    figures = fields.Dict()


class StatedStatement(_Facts):
    """A statement as orders is told of it: in the words of its gates.

    `waits` passes the gate; that its material is still to come is told beside the verdict.
    """

    verdict = fields.Method("gate_verdict")
    waits = fields.Method("is_waiting")

    def gate_verdict(self, statement: Statement) -> str:
        verdict = Verdict.PASSED if statement.has_passed else statement.verdict
        return str(verdict)

    def is_waiting(self, statement: Statement) -> bool:
        return statement.verdict is Verdict.WAITS


class Stated(Message):
    """An event about a statement."""

    statement = fields.Nested(StatedStatement)


def statement_view(statement: Statement) -> Any:
    return dump(StatementView, statement)
