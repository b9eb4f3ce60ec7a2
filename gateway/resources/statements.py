"""Signed statements on technique, material and schedule (书面说明)."""

from typing import Any

from marshmallow import fields, validate

from chassis.errors import NotFound
from chassis.schema import Message, Moment, Text
from gateway.attachments import ContentHash
from gateway.calls import Call
from gateway.operations import Answer, Move, Operation, Paged, moves, page_of

TAG = "statements"
OF_ORDER = "/orders/{order_number}/statements"
STATEMENT = OF_ORDER + "/{kind}"
READ = "statements.read"
KINDS = ("technique", "material", "schedule")
VERDICTS = ("pending", "passed", "refused", "short", "waits", "void")
BASES = ("current_recipe", "written_insistence", "alternative", "sample_flow")

# What each kind is signed with, beside what all have in common.
_OWN_FIELDS = {
    "technique": ("verdict", "basis", "reference"),
    "material": ("verdict", "material_date"),
    "schedule": ("production_due", "lines"),
}


class StatementKindUnknown(NotFound):
    """There is no such kind of statement."""

    code = "statement_kind_unknown"
    en = "There is no statement of kind {kind}; there are: {allowed}."
    zh = "没有 {kind} 类说明，可选：{allowed}。"


class ScheduledLine(Message):
    """The date of one line, and the work centre that makes it if the planner chooses one."""

    line_id = fields.UUID(required=True)
    production_due = fields.Date(required=True)
    work_centre_code = Text(most=20)


class Signature(Message):
    """What is written above the signature, for which revision of the order.

    Technique: verdict passed or refused, with its basis. Material: passed, short (with
    material_date) or waits. Schedule: production_due for all lines, or line by line.
    """

    revision = fields.Integer(required=True, validate=validate.Range(min=1))
    text = Text(required=True, least=1, most=4000)
    valid_until = fields.Date(
        allow_none=True,
        metadata={
            "description": "Its last day. After it nothing is approved by the statement and no "
            "confirmation sent: it is signed anew. What was sent before stays promised."
        },
    )
    attachment = ContentHash(allow_none=True)
    verdict = fields.String(validate=validate.OneOf(("passed", "refused", "short", "waits")))
    basis = fields.String(validate=validate.OneOf(BASES))
    reference = Text(most=1000, allow_none=True)
    material_date = fields.Date(allow_none=True)
    production_due = fields.Date(allow_none=True)
    lines = fields.List(fields.Nested(ScheduledLine), validate=validate.Length(max=200))


class StatementSearch(Paged):
    """Which statements."""

    order_number = Text(most=20)
    kind = fields.String(validate=validate.OneOf(KINDS))
    verdict = fields.String(validate=validate.OneOf(VERDICTS))


class Statement(Answer):
    """A signed statement, or one still to be signed."""

    id = fields.String()
    order_number = fields.String()
    kind = fields.String()
    revision = fields.Integer()
    carried_to = fields.Integer(metadata={"description": "latest revision it still holds for"})
    verdict = fields.String()
    opened_at = Moment()
    text = fields.String(allow_none=True)
    signer_id = fields.String(allow_none=True)
    signer_name = fields.String(allow_none=True)
    signed_at = Moment(allow_none=True)
    valid_until = fields.Date(allow_none=True)
    attachment = fields.String(allow_none=True)
    basis = fields.String(allow_none=True)
    reference = fields.String(allow_none=True)
    material_date = fields.Date(allow_none=True)
    production_due = fields.Date(allow_none=True)
    figures = fields.Dict()
    lines = fields.List(fields.Dict())
    version = fields.Integer()


class Draft(Answer):
    """What a statement would be signed for, with the figures of this moment."""

    order_number = fields.String()
    customer_name = fields.String(allow_none=True)
    revision = fields.Integer()
    kind = fields.String()
    statement = fields.Nested(Statement, allow_none=True)
    figures = fields.Dict()


def sign(call: Call) -> Any:
    """Sign the statement of the kind that the path names."""
    kind = call.path["kind"]
    if kind not in KINDS:
        raise StatementKindUnknown(kind=kind[:40], allowed=", ".join(KINDS))
    return call.ask(f"inventory.sign_{kind}", _own(call.request(), kind))


def _own(request: dict[str, Any], kind: str) -> dict[str, Any]:
    """Leave out the path's kind, and empty fields that are another kind's."""
    foreign = {name for other, names in _OWN_FIELDS.items() if other != kind for name in names}
    foreign -= set(_OWN_FIELDS[kind])
    return {
        name: value
        for name, value in request.items()
        if name != "kind" and not (name in foreign and value in (None, []))
    }


def _listed(call: Call) -> Any:
    """Give the one move of the kind that the path names."""
    verb = f"sign_{call.path['kind']}"
    found = call.ask(
        "inventory.list_statement_actions", {"order_number": call.path["order_number"]}
    )
    mine = [{**item, "verb": "sign"} for item in found["items"] if item["verb"] == verb]
    return {"items": mine}


OPERATIONS = (
    Operation(
        method="GET",
        path="/statements",
        rpc="inventory.list_statements",
        permission=READ,
        summary="List statements, the latest opened first",
        tag=TAG,
        query=StatementSearch,
        answer=page_of(Statement),
    ),
    Operation(
        method="GET",
        path=STATEMENT,
        rpc="inventory.get_statement",
        permission=READ,
        summary="Show an order's latest statement of a kind",
        tag=TAG,
        answer=Statement,
    ),
    Operation(
        method="GET",
        path=STATEMENT + "/draft",
        rpc="inventory.draft_statement",
        permission=READ,
        summary="Draft a statement: bill of material, stock, capacity as they are now",
        tag=TAG,
        answer=Draft,
    ),
    *moves(
        STATEMENT,
        Move(
            verb="sign",
            do=sign,
            permission="statements.sign",
            summary="Sign the statement",
            body=Signature,
        ),
        answer=Statement,
        tag=TAG,
        listing_do=_listed,
        listing_permission=READ,
    ),
)
