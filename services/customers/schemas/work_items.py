"""What waits for people."""

from marshmallow import fields, validate

from chassis.schema import Message, Moment


class WorkRequest(Message):
    """How much of the work list is wanted."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


class WorkItem(Message):
    """Something that waits for a person."""

    kind = fields.String()
    title = fields.String()
    title_zh = fields.String()
    order_number = fields.String(allow_none=True)
    customer_name = fields.String(allow_none=True)
    entity_type = fields.String()
    entity_number = fields.String()
    roles = fields.List(fields.String())
    person_id = fields.String(allow_none=True)
    due_at = Moment()
    verb = fields.String(allow_none=True)
    path = fields.String()
