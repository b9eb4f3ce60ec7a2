"""What is answered about works instructions."""

from marshmallow import fields

from chassis.schema import Moment, Percent, Quantity
from gateway.operations import Answer


class Instruction(Answer):
    """The order to the factory to make one line (生产指令单)."""

    number = fields.String()
    order_number = fields.String()
    line_id = fields.String()
    line_no = fields.Integer()
    part = fields.Integer()
    product_code = fields.String()
    product_name = fields.String()
    spec = fields.String(allow_none=True)
    unit = fields.String()
    unit_decimals = fields.Integer()
    quantity = Quantity()
    tolerance_over = Percent()
    tolerance_under = Percent()
    least_quantity = Quantity()
    most_quantity = Quantity()
    packing = fields.String(allow_none=True)
    special_rules = fields.String(allow_none=True)
    production_due = fields.Date(allow_none=True)
    state = fields.String()
    drafted_at = Moment()
    issued = fields.Dict(allow_none=True, metadata={"description": "who signed, when"})
    technique_copy_at = Moment(allow_none=True)
    accepted = fields.Dict(allow_none=True)
    acknowledged = fields.List(fields.String())
    started = fields.Dict(allow_none=True)
    started_on = fields.Date(allow_none=True)
    abnormal = fields.Dict(allow_none=True)
    finished = fields.Dict(allow_none=True)
    produced_quantity = Quantity()
    scrap_quantity = Quantity()
    passed_quantity = Quantity(allow_none=True)
    rework_quantity = Quantity(allow_none=True)
    rejected_quantity = Quantity(allow_none=True)
    standard = fields.String(allow_none=True)
    inspection_note = fields.String(allow_none=True)
    inspected = fields.Dict(allow_none=True)
    countersigned = fields.Dict(allow_none=True)
    customer_consent = fields.Dict(allow_none=True)
    stop_consent = fields.Dict(allow_none=True)
    stocked = fields.Dict(allow_none=True)
    accepted_quantity = Quantity(allow_none=True)
    line_produced_quantity = Quantity(
        metadata={"description": "with what earlier instructions made of the line"}
    )
    line_accepted_quantity = Quantity(allow_none=True)
    follows = fields.String(
        allow_none=True,
        metadata={
            "description": "What comes next: its state, or `plan`, `countersign` or"
            " `record_consent` between two; null when it is over"
        },
    )
    rest_follows = fields.Boolean(
        metadata={"description": "what lacks is made by a further instruction"}
    )
    into_free_stock = fields.Boolean()
    cancelled = fields.Dict(allow_none=True)
    version = fields.Integer()


class Consignee(Answer):
    """Who gets the goods, where."""

    name = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    address = fields.String(allow_none=True)


class OrderShown(Answer):
    """What an instruction's page shows of its order."""

    number = fields.String()
    stage = fields.String()
    customer = fields.Dict()
    consignee = fields.Nested(Consignee, allow_none=True)
    delivery_method = fields.String(allow_none=True)
    urgency = fields.String(allow_none=True)
    special_requirements = fields.String(allow_none=True)
    customer_due = fields.String(allow_none=True)
    clerk_name = fields.String(allow_none=True)
    confirmation_version = fields.Integer(allow_none=True)


class MaterialOfLine(Answer):
    """What the line takes of one material."""

    material_code = fields.String()
    material_name = fields.String()
    unit = fields.String()
    demand = Quantity()
    held = Quantity()
    consumed = Quantity()
    waiting = fields.Boolean()


class Slot(Answer):
    """What a work centre makes of the line on one day."""

    work_centre_code = fields.String()
    day = fields.Date()
    quantity = Quantity()
    used_at = Moment(allow_none=True)


class Report(Answer):
    """One entry of the daily production report (生产日报表)."""

    id = fields.String()
    reported_on = fields.Date()
    shift = fields.String()
    quantity = Quantity()
    scrap = Quantity()
    note = fields.String(allow_none=True)
    reporter_name = fields.String()
    recorded_at = Moment()
    corrects_id = fields.String(allow_none=True)
    corrected = fields.Boolean()


class Outlook(Answer):
    """How the making stands against its plan: on_plan, behind, at_risk or late."""

    risk = fields.String()
    planned = Quantity()
    ready_on = fields.Date(allow_none=True)


class InstructionInFull(Instruction):
    """An instruction with all that is printed on it."""

    order = fields.Nested(OrderShown)
    items_to_acknowledge = fields.List(fields.String())
    process = fields.String(allow_none=True)
    material = fields.List(fields.Nested(MaterialOfLine))
    slots = fields.List(fields.Nested(Slot))
    reports = fields.List(fields.Nested(Report))
    outlook = fields.Nested(Outlook, allow_none=True)
    held = fields.Boolean(metadata={"description": "its order is on hold"})


class Brief(Answer):
    """What lists of something else show of an instruction."""

    number = fields.String()
    order_number = fields.String()
    line_no = fields.Integer()
    part = fields.Integer()
    product_code = fields.String()
    product_name = fields.String()
    spec = fields.String(allow_none=True)
    unit = fields.String()
    unit_decimals = fields.Integer()
    quantity = Quantity()
    produced_quantity = Quantity()
    production_due = fields.Date(allow_none=True)
    state = fields.String()


class AtRisk(Answer):
    """An instruction in danger of being late."""

    instruction = fields.Nested(Brief)
    customer_name = fields.String(allow_none=True)
    outlook = fields.Nested(Outlook)


class AtRiskList(Answer):
    """The instructions in danger, the earliest due first."""

    items = fields.List(fields.Nested(AtRisk))


class DailyEntry(Answer):
    """One entry of the daily production report, with what it was about."""

    report = fields.Nested(Report)
    instruction = fields.Nested(Brief)
