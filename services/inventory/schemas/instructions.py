"""Works instructions, the daily production report and stops on the wire."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from chassis.schema import (
    Identity,
    Message,
    Moment,
    PageRequest,
    Percent,
    Quantity,
    Text,
    dump,
    one_of,
)
from services.inventory.domain.instruction import ITEMS, AbnormalClass, Instruction, Rest
from services.inventory.domain.lifecycle import InstructionState
from services.inventory.domain.schedule import Risk


def _words(most: int) -> Text:
    """Give the field of words that may be left out."""
    return Text(load_default=None, allow_none=True, most=most)


class IssueInstruction(Message):
    """Orders has checked grade and money: send the line's instruction to the factory."""

    order = fields.Dict(required=True)
    line_id = Identity(required=True)
    packing = _words(500)
    special_rules = _words(2000)
    signed_by = _words(120)


class Move(Message):
    """A move of an instruction that needs nothing but its number."""

    number = Text(required=True, least=1, most=20)
    expected_version = fields.Integer(load_default=None, allow_none=True)


class AcceptInstruction(Move):
    """The planner acknowledges each item."""

    acknowledged = fields.List(
        fields.String(validate=validate.OneOf(ITEMS)),
        required=True,
        validate=validate.Length(max=len(ITEMS)),
    )


class MarkAbnormal(Move):
    """What went wrong, why, and what is done about it for now."""

    kind = one_of(AbnormalClass, required=True, data_key="class")
    reason = Text(required=True, least=1, most=1000)
    measure = Text(required=True, least=1, most=1000)


class ReportProduction(Move):
    """What one day (or shift) made and spoilt."""

    reported_on = fields.Date(load_default=None, allow_none=True)
    shift = Text(load_default="day", least=1, most=20)
    quantity = Quantity(required=True, least=0)
    scrap = Quantity(load_default=Decimal(0), least=0)
    note = _words(1000)


class CorrectReport(Move):
    """The right figures of a report, and why the old ones were wrong."""

    report_id = Identity(required=True)
    quantity = Quantity(required=True, least=0)
    scrap = Quantity(load_default=None, allow_none=True, least=0)
    reason = _words(60)
    note = _words(1000)


class Unused(Message):
    """A material that was taken for the line and not used."""

    material_code = Text(required=True, least=1, most=20)
    quantity = Quantity(required=True, least=0)


class FinishInstruction(Move):
    """The end of making, with what goes back to the material store."""

    unused = fields.List(
        fields.Nested(Unused), load_default=list, validate=validate.Length(max=100)
    )


class InspectInstruction(Move):
    """The inspector's figures; they sum up to what was produced."""

    passed = Quantity(required=True, least=0)
    rework = Quantity(load_default=Decimal(0), least=0)
    rejected = Quantity(load_default=Decimal(0), least=0)
    standard = _words(1000)
    note = _words(2000)


class RecordConsent(Move):
    """The customer's consent to a quantity outside tolerance."""

    quantity = Quantity(required=True, least=0)
    rest = one_of(Rest, load_default=Rest.SHORT_CLOSE)
    given_by = Text(required=True, least=1, most=120)
    text = Text(required=True, least=1, most=2000)


class StockIn(Move):
    """What of the passed quantity is accepted; all of it unless said otherwise."""

    accepted_quantity = Quantity(load_default=None, allow_none=True, least=0)


class PlanFurther(Move):
    """The date the planner signs for a further instruction."""

    production_due = fields.Date(required=True)


class ConsentToStop(Move):
    """The planner's consent to stop what is being made, and what material goes back then."""

    text = Text(required=True, least=1, most=2000)
    unused = fields.List(
        fields.Nested(Unused), load_default=list, validate=validate.Length(max=100)
    )


class GetInstruction(Message):
    """Which instruction."""

    number = Text(required=True, least=1, most=20)


class SearchInstructions(PageRequest):
    """Which instructions."""

    order_number = Text(load_default=None, allow_none=True, most=20)
    product_code = Text(load_default=None, allow_none=True, most=20)
    states = fields.List(one_of(InstructionState), load_default=list)
    due_until = fields.Date(load_default=None, allow_none=True)


class InstructionsAtRisk(Message):
    """How many of the instructions whose date is in danger."""

    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class DailyReport(PageRequest):
    """Of which days the production report is asked for."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)


class BlockOrder(Message):
    """A hold on everything done for an order."""

    order_id = Identity(required=True)
    reason = Text(required=True, least=1, most=500)


class UnblockOrder(Message):
    """The end of one hold, by the id of the command that set it, or of all."""

    order_id = Identity(required=True)
    command_id = Text(load_default=None, allow_none=True, most=120)


class StopOrder(Message):
    """The end of all making for an order."""

    order_id = Identity(required=True)
    reason = Text(load_default=None, allow_none=True, most=500)


class InstructionCore(Message):
    """An instruction as other services are told of it."""

    id = Identity()
    number = fields.String()
    order_id = Identity()
    order_number = fields.String()
    line_id = Identity()
    line_no = fields.Integer()
    product_id = Identity()
    product_code = fields.String()
    quantity = Quantity()
    tolerance_over = Percent()
    tolerance_under = Percent()
    production_due = fields.Date()
    state = one_of(InstructionState)
    part = fields.Integer()
    produced_quantity = Quantity()
    accepted_quantity = Quantity()
    line_produced_quantity = Quantity()
    line_accepted_quantity = Quantity()
    rest_follows = fields.Boolean()
    follows = fields.String()


class InstructionView(InstructionCore):
    """An instruction as people read it."""

    product_name = fields.String()
    spec = fields.String()
    unit = fields.String()
    unit_decimals = fields.Integer()
    least_quantity = Quantity()
    most_quantity = Quantity()
    packing = fields.String()
    special_rules = fields.String()
    drafted_at = Moment()
    issued = fields.Dict()
    technique_copy_at = Moment()
    accepted = fields.Dict()
    acknowledged = fields.List(fields.String())
    started = fields.Dict()
    started_on = fields.Date()
    abnormal = fields.Dict()
    finished = fields.Dict()
    scrap_quantity = Quantity()
    passed_quantity = Quantity()
    rework_quantity = Quantity()
    rejected_quantity = Quantity()
    standard = fields.String()
    inspection_note = fields.String()
    inspected = fields.Dict()
    countersigned = fields.Dict()
    customer_consent = fields.Dict()
    stop_consent = fields.Dict()
    stocked = fields.Dict()
    into_free_stock = fields.Boolean()
    cancelled = fields.Dict()
    version = fields.Integer()


class ReportView(Message):
    """One entry of the daily production report."""

    id = Identity()
    reported_on = fields.Date()
    shift = fields.String()
    quantity = Quantity()
    scrap = Quantity()
    note = fields.String()
    reporter_name = fields.String()
    recorded_at = Moment()
    corrects_id = Identity()
    corrected = fields.Boolean()


class SlotView(Message):
    """What a work centre makes of the line on one day."""

    work_centre_code = fields.String()
    day = fields.Date()
    quantity = Quantity()
    used_at = Moment()


class MaterialOfLine(Message):
    """What the line takes of one material."""

    material_code = fields.String()
    material_name = fields.String()
    unit = fields.String()
    demand = Quantity()
    held = Quantity()
    consumed = Quantity()
    waiting = fields.Boolean()


class OutlookView(Message):
    """How the making stands against its plan."""

    risk = one_of(Risk)
    planned = Quantity()
    ready_on = fields.Date()


class PageParts(Message):
    """What the printed works instruction and its page show beside the instruction."""

    order_shown = fields.Dict(data_key="order")
    items_to_acknowledge = fields.List(fields.String())
    process = fields.String()
    material = fields.List(fields.Nested(MaterialOfLine))
    slots = fields.List(fields.Nested(SlotView))
    reports = fields.List(fields.Nested(ReportView))
    outlook = fields.Nested(OutlookView)
    held = fields.Boolean()


class InstructionPage(Message):
    """Some instructions, and the cursor of the rest."""

    items = fields.List(fields.Nested(InstructionView))
    next = fields.String()


class Brief(Message):
    """What lists of something else show of an instruction."""

    number = fields.String()
    order_number = fields.String()
    line_no = fields.Integer()
    part = fields.Integer()
    product_code = fields.String()
    product_name = fields.String()
    spec = fields.String()
    unit = fields.String()
    unit_decimals = fields.Integer()
    quantity = Quantity()
    produced_quantity = Quantity()
    production_due = fields.Date()
    state = one_of(InstructionState)


class RiskView(Message):
    """An instruction in danger of being late."""

    instruction = fields.Nested(Brief)
    customer_name = fields.String()
    outlook = fields.Nested(OutlookView)


class DailyEntry(Message):
    """One entry of the daily production report, with what it was about."""

    report = fields.Nested(ReportView)
    instruction = fields.Nested(Brief)


class Stopped(Message):
    """What became of the instructions of an order that was stopped."""

    instructions = fields.List(fields.Nested(InstructionCore))


# -- events ------------------------------------------------------------------------------------


class InstructionMoved(Message):
    """An event about an instruction."""

    instruction = fields.Nested(InstructionCore)


class BecameAbnormal(InstructionMoved):
    """What went wrong; `class` is Python's word, so the field is named by its key."""

    kind = one_of(AbnormalClass, data_key="class")
    reason = fields.String()
    measure = fields.String()


class Reported(InstructionMoved):
    """What a daily report counted."""

    reported_on = fields.Date()
    quantity = Quantity()


class Stocked(InstructionMoved):
    """What was accepted into stock for its order."""

    accepted_quantity = Quantity(attribute="instruction.accepted_quantity")
    order_id = Identity(attribute="instruction.order_id")
    line_id = Identity(attribute="instruction.line_id")
    order_complete = fields.Boolean()


class FreeStocked(InstructionMoved):
    """What went into free stock, because its order or line had ended."""

    accepted_quantity = Quantity(attribute="instruction.accepted_quantity")


def instruction_view(instruction: Instruction) -> Any:
    return dump(InstructionView, instruction)


def page_view(page: Any) -> Any:
    """Dump an instruction with all that is printed on it."""
    return {**dump(InstructionView, page.instruction), **dump(PageParts, page)}
