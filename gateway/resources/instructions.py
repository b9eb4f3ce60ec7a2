"""Works instructions, from the factory's acceptance to stock-in; orders issues them."""

from marshmallow import fields, validate

from chassis.schema import Message, Nothing, Quantity, Text
from gateway.operations import Move, Operation, Paged, Reasoned, moves, page_of
from gateway.resources.instruction_answers import (
    AtRiskList,
    DailyEntry,
    Instruction,
    InstructionInFull,
)

TAG = "instructions"
PATH = "/instructions"
INSTRUCTION = PATH + "/{number}"
READ = "instructions.read"
STATES = (
    "draft",
    "issued",
    "accepted",
    "running",
    "abnormal",
    "finished",
    "inspected",
    "stocked",
    "cancelled",
)
ITEMS = ("product", "quantity", "tolerance", "production_due", "packing", "special_rules")
RESTS = ("short_close", "further_instruction")
ABNORMAL = ("equipment", "material", "quality", "staffing", "process", "other")


class InstructionSearch(Paged):
    """Which instructions."""

    order_number = Text(most=20)
    product_code = Text(most=20)
    states = fields.List(fields.String(validate=validate.OneOf(STATES)))
    due_until = fields.Date()


class RiskQuery(Message):
    """How many of them."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class DailyQuery(Paged):
    """Of which days."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)


class Planned(Message):
    """The date the planner signs for a further instruction."""

    production_due = fields.Date(required=True)


class Acceptance(Message):
    """Each item, acknowledged one by one."""

    acknowledged = fields.List(
        fields.String(validate=validate.OneOf(ITEMS)),
        required=True,
        validate=validate.Length(max=len(ITEMS)),
    )


class Production(Message):
    """What one day (today) or shift made and spoilt."""

    reported_on = fields.Date(allow_none=True)
    shift = Text(least=1, most=20)
    quantity = Quantity(required=True, least=0)
    scrap = Quantity(least=0)
    note = Text(most=1000, allow_none=True)


class Correction(Reasoned):
    """The right figures of a report, and why the old ones were wrong."""

    report_id = fields.UUID(required=True)
    quantity = Quantity(required=True, least=0)
    scrap = Quantity(least=0)


# `class` is Python's word, so the field is named by a table.
Abnormality = Message.from_dict(
    {
        "class": fields.String(required=True, validate=validate.OneOf(ABNORMAL)),
        "reason": Text(required=True, least=1, most=1000),
        "measure": Text(required=True, least=1, most=1000),
    },
    name="Abnormality",
)


class Unused(Message):
    """A material that was taken for the line and not used."""

    material_code = Text(required=True, least=1, most=20)
    quantity = Quantity(required=True, least=0)


class Finish(Message):
    """What goes back to the material store."""

    unused = fields.List(fields.Nested(Unused), validate=validate.Length(max=100))


class Inspection(Message):
    """The inspector's figures: they sum up to what was produced."""

    passed = Quantity(required=True, least=0)
    rework = Quantity(least=0)
    rejected = Quantity(least=0)
    standard = Text(most=1000, allow_none=True)
    note = Text(most=2000, allow_none=True)


class Consent(Message):
    """The customer's consent to a quantity outside tolerance."""

    quantity = Quantity(required=True, least=0)
    rest = fields.String(
        validate=validate.OneOf(RESTS),
        metadata={"description": "what of the quantity that lacks; left out: short_close"},
    )
    given_by = Text(required=True, least=1, most=120)
    text = Text(required=True, least=1, most=2000)


class StockIn(Message):
    """What of the passed quantity is accepted; all of it unless said otherwise."""

    accepted_quantity = Quantity(least=0, allow_none=True)


class StopConsent(Message):
    """The planner's consent to stop what is being made, and what material goes back then.

    It ends when making is started, resumed or reported of.
    """

    text = Text(required=True, least=1, most=2000)
    unused = fields.List(fields.Nested(Unused), validate=validate.Length(max=100))


# The verbs of an instruction, as its life cycle knows them (SPEC §6).
MOVES = (
    Move(
        verb="plan",
        rpc="inventory.plan_further_instruction",
        permission="instructions.plan",
        summary="Date a further instruction for what lacks of a line",
        body=Planned,
    ),
    Move(
        verb="accept",
        rpc="inventory.accept_instruction",
        permission="instructions.plan",
        summary="Accept it, each item acknowledged",
        body=Acceptance,
    ),
    Move(
        verb="start",
        rpc="inventory.start_instruction",
        permission="instructions.plan",
        summary="Start making: its material is consumed",
        body=Nothing,
    ),
    Move(
        verb="report_production",
        rpc="inventory.report_production",
        permission="instructions.report",
        summary="Report a day's production",
        body=Production,
    ),
    Move(
        verb="correct_report",
        rpc="inventory.correct_production_report",
        permission="instructions.report",
        summary="Correct a day's report; the wrong one is kept",
        body=Correction,
    ),
    Move(
        verb="mark_abnormal",
        rpc="inventory.mark_instruction_abnormal",
        permission="instructions.report",
        summary="Write down what went wrong; everybody concerned is told at once",
        body=Abnormality,
    ),
    Move(
        verb="resume",
        rpc="inventory.resume_instruction",
        permission="instructions.report",
        summary="Go on making after an abnormality",
        body=Nothing,
    ),
    Move(
        verb="finish",
        rpc="inventory.finish_instruction",
        permission="instructions.plan",
        summary="End making: unused material goes back",
        body=Finish,
    ),
    Move(
        verb="inspect",
        rpc="inventory.inspect_instruction",
        permission="instructions.inspect",
        summary="Sign the inspection's figures",
        body=Inspection,
    ),
    Move(
        verb="countersign",
        rpc="inventory.countersign_inspection",
        permission="instructions.countersign",
        summary="Countersign the inspection, as another person",
        body=Nothing,
    ),
    Move(
        verb="record_consent",
        rpc="inventory.record_customer_consent",
        permission="instructions.record_consent",
        summary="Record the customer's consent to a quantity outside tolerance",
        body=Consent,
    ),
    Move(
        verb="stock_in",
        rpc="inventory.stock_in_instruction",
        permission="instructions.inspect",
        summary="Book the accepted quantity into finished stock",
        body=StockIn,
    ),
    Move(
        verb="consent_to_stop",
        rpc="inventory.consent_to_stop",
        permission="instructions.plan",
        summary="Consent to stop what is being made, so that its order may be cancelled",
        body=StopConsent,
    ),
)

OPERATIONS = (
    Operation(
        method="GET",
        path=PATH,
        rpc="inventory.search_instructions",
        permission=READ,
        summary="List works instructions, the latest drafted first",
        tag=TAG,
        query=InstructionSearch,
        answer=page_of(Instruction),
    ),
    Operation(
        method="GET",
        path=INSTRUCTION,
        rpc="inventory.get_instruction",
        permission=READ,
        summary="Show a works instruction with all that is printed on it",
        tag=TAG,
        answer=InstructionInFull,
    ),
    Operation(
        method="GET",
        path="/production/at-risk",
        rpc="inventory.list_instructions_at_risk",
        permission=READ,
        summary="List what is, or at its pace will be, late or behind plan",
        tag=TAG,
        query=RiskQuery,
        answer=AtRiskList,
    ),
    Operation(
        method="GET",
        path="/production/reports",
        rpc="inventory.list_production_reports",
        permission=READ,
        summary="The daily production report (生产日报表)",
        tag=TAG,
        query=DailyQuery,
        answer=page_of(DailyEntry),
    ),
    *moves(
        INSTRUCTION,
        *MOVES,
        answer=Instruction,
        tag=TAG,
        listing="inventory.list_instruction_actions",
        listing_permission=READ,
    ),
)
