"""What shipping asks its neighbours for: holdings before a request, the verdict for a release.

Nothing is asked inside a transaction. The questions change nothing elsewhere, so there is
nothing to undo: a conversation that dies is asked again, or forgotten after its deadline.
"""

from typing import Any
from uuid import UUID

from chassis.commands import load
from chassis.conversation import Conversation, Talk, nothing
from chassis.database import Work
from chassis.errors import GendanError
from chassis.schema import dump
from services.shipping.schemas import moves, neighbours
from services.shipping.schemas.shipments import ShipmentView
from services.shipping.use_cases import moving, requesting


def _begin_request(work: Work, _id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    return requesting.look_at_order(work, request)


def _ask_request(talk: Talk) -> None:
    talk.answers["holdings"] = _holdings(talk)


def _finish_request(work: Work, talk: Talk) -> Any:
    shipment = requesting.request_dispatch(work, talk.request, talk.answers["holdings"])
    work.settle()
    return dump(ShipmentView, shipment)


def _begin_release(work: Work, _id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    return moving.look_at_release(work, request)


def _ask_release(talk: Talk) -> None:
    holdings, notes = _holdings(talk), talk.notes
    accepted = {line["line_id"]: line["accepted_quantity"] for line in holdings}
    lines = [
        line | {"accepted_quantity": _text(accepted.get(line["line_id"]))}
        for line in notes["lines"]
    ]
    asked = talk.query(
        "customers",
        "check_release",
        {
            "order_id": notes["order_id"],
            "customer_id": notes["customer_id"],
            "lines": lines,
            "before": notes["before"],
            "last": moving.is_last(notes, holdings),
        },
    )
    talk.answers["verdict"] = load(neighbours.Verdict(), asked) | {"kept": asked}


def _finish_release(work: Work, talk: Talk) -> Any:
    shipment = moving.release(work, talk.request, talk.notes, talk.answers["verdict"])
    work.settle()
    return dump(ShipmentView, shipment)


def _holdings(talk: Talk) -> list[dict[str, Any]]:
    answer = talk.query("inventory", "get_holdings", {"order_id": talk.notes["order_id"]})
    lines: list[dict[str, Any]] = load(neighbours.Holdings(), answer)["lines"]
    return lines


def _text(amount: Any) -> str | None:
    return None if amount is None else format(amount, "f")


def _abandon(_work: Work, _talk: Talk, _error: GendanError) -> None:
    """Leave everything as it is: beginning laid down nothing but notes."""


CONVERSATIONS = (
    Conversation(
        kind="request_dispatch",
        schema=moves.RequestDispatch(),
        begin=_begin_request,
        ask=_ask_request,
        finish=_finish_request,
        undo=nothing,
        abandon=_abandon,
        gives_up=True,
    ),
    Conversation(
        kind="release_shipment",
        schema=moves.Release(),
        begin=_begin_release,
        ask=_ask_release,
        finish=_finish_release,
        undo=nothing,
        abandon=_abandon,
        gives_up=True,
    ),
)
