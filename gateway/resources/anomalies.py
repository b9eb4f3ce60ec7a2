"""Anomalies of orders, and tasks: what somebody must see to."""

from dataclasses import replace

from marshmallow import fields, validate

from chassis.errors import InvalidFields
from chassis.schema import Message, Text
from gateway import storage
from gateway.calls import Call
from gateway.operations import Move, Operation, Paged, moves
from gateway.resources import order_answers as answers

CAUSES = ("wrong_information", "system", "customer_change", "production", "logistics")
TOPICS = ("price", "delay", "quality", "quantity", "other")


class NewAnomaly(Message):
    """Something went wrong with an order."""

    order_number = Text(required=True, least=1, most=30)
    cause = fields.String(required=True, validate=validate.OneOf(CAUSES))
    topic = fields.String(required=True, validate=validate.OneOf(TOPICS))
    priority = fields.String(load_default="normal", validate=validate.OneOf(("normal", "urgent")))
    text = Text(required=True, least=1, most=2000)
    temporary_measure = Text(load_default=None, allow_none=True, most=2000)


class Measure(Message):
    """What is done until there is a remedy."""

    temporary_measure = Text(required=True, least=1, most=2000)


class Remedy(Message):
    """What ended an anomaly."""

    remedy = Text(required=True, least=1, most=2000)


class Outcome(Message):
    """How a task ended."""

    outcome = Text(required=True, least=1, most=1000)


class Delegation(Message):
    """Which clerk is to see to a task."""

    clerk_id = Text(required=True, least=1, most=80)
    note = Text(load_default=None, allow_none=True, most=1000)


def _name_clerk(call: Call) -> Call:
    """Give the name of who is to see to a task: who is a clerk is the gateway's to know."""
    clerk_id = call.loaded["clerk_id"]
    name = call.store.read(
        call.principal, lambda work: storage.name_in_role(work.session, clerk_id, "clerk")
    )
    if name is None:
        raise InvalidFields(_NO_CLERK)
    return replace(call, body={**call.body, "clerk_name": name})


_NO_CLERK = {"clerk_id": ["Must be the person_id of an account with the role clerk, not locked."]}


class AnomalyQuery(Paged):
    """Anomalies of one order, or all open ones."""

    order_number = Text(most=30)


OPERATIONS = [
    Operation(
        method="GET",
        path="/anomalies",
        rpc="orders.list_anomalies",
        permission="anomalies.read",
        summary="Anomalies of one order, or all open ones",
        tag="anomalies",
        query=AnomalyQuery,
        answer=answers.Anomalies,
    ),
    Operation(
        method="POST",
        path="/anomalies",
        rpc="orders.raise_anomaly",
        permission="anomalies.raise",
        summary="Report that something went wrong",
        tag="anomalies",
        body=NewAnomaly,
        answer=answers.Anomaly,
        status=201,
    ),
    *moves(
        "/anomalies/{anomaly_id}",
        Move(
            verb="take_measure",
            rpc="orders.take_measure",
            permission="anomalies.take_measure",
            summary="Say what is done about it for now",
            body=Measure,
            versioned=False,
        ),
        Move(
            verb="resolve",
            rpc="orders.resolve_anomaly",
            permission="anomalies.resolve",
            summary="Say what remedied it",
            body=Remedy,
            versioned=False,
        ),
        answer=answers.Anomaly,
        tag="anomalies",
    ),
    *moves(
        "/tasks/{task_id}",
        Move(
            verb="finish",
            rpc="orders.finish_task",
            permission="tasks.finish",
            summary="Say that a task is done, and how",
            body=Outcome,
            versioned=False,
        ),
        Move(
            verb="delegate",
            rpc="orders.delegate_task",
            complete=_name_clerk,
            permission="tasks.delegate",
            summary="Have a clerk see to a task",
            body=Delegation,
            versioned=False,
        ),
        answer=answers.Task,
        tag="tasks",
    ),
]
