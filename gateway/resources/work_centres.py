"""Work centres and the board of what is booked on them."""

from marshmallow import fields, validate

from chassis.schema import CODE, Message, Moment, Quantity, Text
from gateway.operations import Answer, Operation, Paged, Reasoned, page_of

TAG = "work centres"
PATH = "/work-centres"
CENTRE = PATH + "/{code}"
READ, CHANGE = "work_centres.read", "work_centres.change"
_A_DAY = validate.Range(max=24)
_SOME = validate.Length(max=50)


class NewWorkCentre(Message):
    """A machine or line, and what a working day of it makes."""

    code = fields.String(required=True, validate=CODE)
    name = Text(required=True, least=1, most=120)
    hours_per_day = Quantity(required=True, above=0, validate=_A_DAY)
    quantity_per_hour = Quantity(required=True, above=0)
    categories = fields.List(
        Text(least=1, most=60),
        load_default=list,
        validate=_SOME,
        metadata={"description": "product categories it can make; none: any"},
    )


class WorkCentreEdit(Reasoned):
    """What is to change, and why; what is left out stays."""

    name = Text(least=1, most=120)
    hours_per_day = Quantity(above=0, validate=_A_DAY)
    quantity_per_hour = Quantity(above=0)
    categories = fields.List(Text(least=1, most=60), validate=_SOME)
    active = fields.Boolean()


class WorkCentreSearch(Paged):
    """Which work centres."""

    active = fields.Boolean(load_default=None, allow_none=True)


class BoardQuery(Message):
    """From which day on (today), and how many days."""

    since = fields.Date(load_default=None, allow_none=True)
    days = fields.Integer(load_default=14, validate=validate.Range(1, 92))


class WorkCentre(Answer):
    """A work centre."""

    code = fields.String()
    name = fields.String()
    hours_per_day = Quantity()
    quantity_per_hour = Quantity()
    per_day = Quantity()
    categories = fields.List(fields.String())
    active = fields.Boolean()
    created_at = Moment()
    version = fields.Integer()


class Booked(Answer):
    """What is booked for one order line."""

    order_number = fields.String(allow_none=True)
    line_id = fields.String()
    quantity = Quantity()
    production_due = fields.Date()


class BoardDay(Answer):
    """One day of a work centre."""

    day = fields.Date()
    per_day = Quantity()
    booked = Quantity()
    free = Quantity()
    slots = fields.List(fields.Nested(Booked))


class Board(Answer):
    """A work centre's days."""

    items = fields.List(fields.Nested(BoardDay))


OPERATIONS = (
    Operation(
        method="GET",
        path=PATH,
        rpc="inventory.list_work_centres",
        permission=READ,
        summary="List the work centres",
        tag=TAG,
        query=WorkCentreSearch,
        answer=page_of(WorkCentre),
    ),
    Operation(
        method="POST",
        path=PATH,
        rpc="inventory.create_work_centre",
        permission=CHANGE,
        summary="Make a work centre",
        tag=TAG,
        body=NewWorkCentre,
        answer=WorkCentre,
        status=201,
        location="/work-centres/{code}",
    ),
    Operation(
        method="GET",
        path=CENTRE,
        rpc="inventory.get_work_centre",
        permission=READ,
        summary="Show a work centre",
        tag=TAG,
        answer=WorkCentre,
    ),
    Operation(
        method="PATCH",
        path=CENTRE,
        rpc="inventory.change_work_centre",
        permission=CHANGE,
        summary="Change a work centre",
        tag=TAG,
        body=WorkCentreEdit,
        answer=WorkCentre,
        versioned=True,
    ),
    Operation(
        method="GET",
        path=CENTRE + "/board",
        rpc="inventory.get_work_centre_board",
        permission=READ,
        summary="Show what is booked on a work centre, day by day",
        tag=TAG,
        query=BoardQuery,
        answer=Board,
    ),
)
