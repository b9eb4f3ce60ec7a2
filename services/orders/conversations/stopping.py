"""Hold, resume, cancel: shipping and inventory are stopped, or set going again, first."""

from typing import Any
from uuid import UUID

from chassis.changes import difference
from chassis.conversation import Conversation, Talk
from chassis.database import Work
from chassis.errors import GendanError
from services.orders.conversations import busy
from services.orders.domain.lifecycle import Stage
from services.orders.schemas import commands, views
from services.orders.storage import orders
from services.orders.use_cases import clocks
from services.orders.use_cases.ending import drop_open_tasks, resolve_anomalies_of_cancelled


def _about(talk: Talk) -> dict[str, Any]:
    return {"order_id": talk.notes["order_id"]}


def _shipping_body(talk: Talk, why: str) -> dict[str, Any]:
    return {
        **_about(talk),
        "order_number": talk.notes["order_number"],
        "why": why,
        "reason": talk.request["reason"],
    }


# -- hold ------------------------------------------------------------------------------------


def _begin_hold(work: Work, conversation_id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_putting_on_hold(request["expected_version"])
    return {**busy.mark(work, order, conversation_id), "order_number": order.number}


def _ask_hold(talk: Talk) -> None:
    talk.ask("shipping", "shipping", "block_order", _shipping_body(talk, "hold"))
    talk.ask(
        "inventory",
        "inventory",
        "block_order",
        {**_about(talk), "reason": talk.request["reason"]},
    )


def _undo_hold(talk: Talk) -> None:
    talk.undo("inventory", "inventory", "unblock_order", _about(talk))
    talk.undo("shipping", "shipping", "unblock_order", {**_about(talk), "why": "hold"})


def _finish_hold(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    reason, note = talk.request["reason"], talk.request["note"]
    work.announce(order.put_on_hold(work.principal, reason=reason, note=note, now=work.now))
    changes = {"hold": [None, order.hold]}
    work.log("order", order.number, "hold", changes=changes, reason=reason, note=note)
    work.session.flush()
    return views.order_in_full(order)


HOLD = Conversation(
    kind="hold",
    schema=commands.HoldOrder(),
    begin=_begin_hold,
    ask=_ask_hold,
    finish=_finish_hold,
    undo=_undo_hold,
    abandon=busy.free,
    gives_up=True,
)


# -- resume ----------------------------------------------------------------------------------


def _begin_resume(work: Work, conversation_id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_resume(work.principal)
    order.guard_change(request["expected_version"])
    return {**busy.mark(work, order, conversation_id), "order_number": order.number}


def _ask_resume(talk: Talk) -> None:
    about = {**_about(talk), "command_id": None}
    talk.ask("inventory", "inventory", "unblock_order", about)
    talk.ask("shipping", "shipping", "unblock_order", {**about, "why": "hold"})


def _undo_resume(talk: Talk) -> None:
    """Nothing refuses to be unblocked; a resume that is under way is carried on."""


def _finish_resume(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    was, since, before = order.hold, order.held_since, order.stage
    work.announce(*order.resume(work.now))
    if since is not None:
        clocks.go_on_after_hold(work, order, since)
    work.log(
        "order",
        order.number,
        "resume",
        changes=difference(
            {"hold": was, "stage": before}, {"hold": order.hold, "stage": order.stage}
        ),
        reason=talk.request["reason"],
        note=talk.request["note"],
    )
    work.session.flush()
    return views.order_in_full(order)


RESUME = Conversation(
    kind="resume",
    schema=commands.ResumeOrder(),
    begin=_begin_resume,
    ask=_ask_resume,
    finish=_finish_resume,
    undo=_undo_resume,
    abandon=busy.free,
)


# -- cancel ----------------------------------------------------------------------------------


def _begin_cancel(work: Work, conversation_id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    work.principal.require("supervisor")
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_cancel(request["expected_version"])
    before = order.stage
    work.announce(order.request_cancel())
    work.log(
        "order",
        order.number,
        "request_cancel",
        changes={"stage": [before, order.stage]},
        reason=request["reason"],
        note=request["note"],
    )
    return {**busy.mark(work, order, conversation_id), "order_number": order.number}


def _ask_cancel(talk: Talk) -> None:
    # Shipping first: its row decides against a dispatch, and its block can be taken back.
    # Inventory's stop cannot, so it comes last; past it the cancel is only carried on.
    talk.ask("shipping", "shipping", "block_order", _shipping_body(talk, "cancel"))
    talk.ask(
        "inventory", "inventory", "stop_order", {**_about(talk), "reason": talk.request["reason"]}
    )


def _undo_cancel(talk: Talk) -> None:
    talk.undo("shipping", "shipping", "unblock_order", {**_about(talk), "why": "cancel"})


def _finish_cancel(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    work.announce(order.cancel(work.today, work.now))
    drop_open_tasks(work, order, outcome="cancelled")
    resolve_anomalies_of_cancelled(work, order, remedy="The order was cancelled.")
    work.log(
        "order",
        order.number,
        "cancel",
        changes={"stage": [Stage.CANCEL_REQUESTED, order.stage]},
        reason=talk.request["reason"],
        note=talk.request["note"],
    )
    work.session.flush()
    return views.order_in_full(order)


def _abandon_cancel(work: Work, talk: Talk, error: GendanError) -> None:
    order = busy.order_of(work, talk)
    work.announce(*order.refuse_cancel(work.now))
    changes = {"stage": [Stage.CANCEL_REQUESTED, order.stage]}
    work.log("order", order.number, "cancel_refused", changes=changes, note=error.message)


CANCEL = Conversation(
    kind="cancel",
    schema=commands.CancelOrder(),
    begin=_begin_cancel,
    ask=_ask_cancel,
    finish=_finish_cancel,
    undo=_undo_cancel,
    abandon=_abandon_cancel,
)
