"""What waits for me: the work lists of all services as one, by due time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import fields, validate

from chassis import clock
from chassis.errors import GendanError, Unavailable
from chassis.schema import Message, Moment
from gateway.calls import Call
from gateway.operations import Answer, Operation
from gateway.services import NAMES

# How long before a password ends its owner is told.
_TOLD_BEFORE = timedelta(days=7)
_LAST = datetime.max.replace(tzinfo=UTC)


class WorkQuery(Message):
    """How much is wanted."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, 200))


class WorkItem(Answer):
    """Something that waits for somebody."""

    service = fields.String()
    kind = fields.String()
    title = fields.String()
    title_zh = fields.String()
    order_number = fields.String(allow_none=True)
    customer_name = fields.String(allow_none=True)
    entity_type = fields.String()
    entity_number = fields.String(allow_none=True)
    roles = fields.List(fields.String())
    person_id = fields.String(allow_none=True)
    due_at = Moment(allow_none=True)
    verb = fields.String(allow_none=True)
    path = fields.String(allow_none=True)


class Work(Answer):
    """What waits, by due time; `unavailable` names services that did not answer."""

    items = fields.List(fields.Nested(WorkItem))
    more = fields.Boolean(metadata={"description": "More waits than is shown."})
    unavailable = fields.List(fields.String())


def list_work(call: Call) -> dict[str, Any]:
    """Ask all services at once; one that is away is named and costs the list only its part."""
    limit = call.query.get("limit", 100)
    # One more than is shown tells whether there is more.
    wanted = {"limit": limit + 1}
    answers = call.ask_all({name: (f"{name}.list_work", wanted) for name in NAMES})
    items = _own_work(call)
    unavailable = []
    for name, answer in answers.items():
        if isinstance(answer, Unavailable):
            unavailable.append(name)
        elif isinstance(answer, GendanError):
            raise answer
        else:
            items += [{**item, "service": name} for item in answer["items"]]
    items.sort(key=_due)
    return {"items": items[:limit], "more": len(items) > limit, "unavailable": unavailable}


def _due(item: dict[str, Any]) -> datetime:
    """Give when an item is due; what has no time comes last."""
    due_at = item.get("due_at")
    return datetime.fromisoformat(due_at) if due_at else _LAST


def _own_work(call: Call) -> list[dict[str, Any]]:
    ends_at = call.caller.password_ends_at
    if ends_at is None or clock.machine_now() < ends_at - _TOLD_BEFORE:
        return []
    return [
        {
            "service": "gateway",
            "kind": "password_ends",
            "title": "Change your password before it ends",
            "title_zh": "密码即将到期，请修改",
            "order_number": None,
            "customer_name": None,
            "entity_type": "account",
            "entity_number": call.caller.username,
            "roles": [],
            "person_id": call.principal.person_id,
            "due_at": ends_at.isoformat(),
            "verb": None,
            "path": "/api/v1/session/password",
        }
    ]


OPERATIONS = [
    Operation(
        method="GET",
        path="/work",
        do=list_work,
        permission="work.read",
        summary="What waits for me, by due time",
        tag="work",
        query=WorkQuery,
        answer=Work,
    )
]
