"""Credit that was held: tried again, or let pass by finance or the director."""

from typing import Any
from uuid import UUID

from chassis.conversation import Conversation, Talk
from chassis.database import Work
from services.orders.conversations import busy
from services.orders.domain.lifecycle import GateKind, Verdict
from services.orders.domain.order import Order
from services.orders.domain.review import judge_credit, take_terms
from services.orders.schemas import commands, views
from services.orders.storage import orders

ASKED_WITH = ("order_id", "order_number", "customer_id", "total", "amount", "revision")


def _held_order(work: Work, request: dict[str, Any]) -> Order:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_gate(GateKind.CREDIT, Verdict.HELD, request["expected_version"])
    return order


def notes_of(work: Work, order: Order, conversation_id: UUID) -> dict[str, Any]:
    """Mark the order busy; gives what customers are asked with about its credit."""
    return {
        **busy.mark(work, order, conversation_id),
        "order_number": order.number,
        "customer_id": str(order.customer_id),
        "total": f"{order.total:.2f}",
        "amount": f"{order.credit_amount:.2f}",
        "revision": order.revision,
    }


def _begin_retry(work: Work, conversation_id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    return notes_of(work, _held_order(work, request), conversation_id)


def _begin_override(work: Work, conversation_id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = _held_order(work, request)
    work.principal.require("finance", "director")
    return notes_of(work, order, conversation_id)


def ask(talk: Talk, **beside: Any) -> Any:
    """Have customers check and reserve; gives the verdict with its figures."""
    wanted = {name: talk.notes[name] for name in ASKED_WITH}
    return talk.ask("credit", "customers", "reserve_credit", {**wanted, **beside})


def _ask_override(talk: Talk) -> None:
    ask(talk, override=True)


def undo(talk: Talk) -> None:
    """Take back what was reserved."""
    talk.undo("credit", "customers", "undo_credit", {"order_id": talk.notes["order_id"]})


def _finish_retry(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    gate = order.gate(GateKind.CREDIT)
    judge_credit(gate, talk.answers["credit"], work.now)
    take_terms(order, talk.answers["credit"])
    work.announce(*order.settle_gates(work.now))
    work.log("order", order.number, "retry_credit", changes={"credit": ["held", gate.verdict]})
    work.session.flush()
    return views.order_in_full(order)


def _finish_override(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    gate = order.gate(GateKind.CREDIT)
    gate.sign(
        Verdict.PASSED,
        signer_id=work.principal.person_id,
        signer_name=work.principal.name,
        at=work.now,
        text=talk.request["text"],
        figures=talk.answers["credit"],
        override=True,
    )
    take_terms(order, talk.answers["credit"])
    work.announce(*order.settle_gates(work.now))
    work.log(
        "order",
        order.number,
        "override_credit",
        changes={"credit": ["held", "passed"]},
        reason=talk.request["reason"],
        note=talk.request["text"],
    )
    work.session.flush()
    return views.order_in_full(order)


RETRY_CREDIT = Conversation(
    kind="retry_credit",
    schema=commands.RetryCredit(),
    begin=_begin_retry,
    ask=ask,
    finish=_finish_retry,
    undo=undo,
    abandon=busy.free,
    gives_up=True,
)

OVERRIDE_CREDIT = Conversation(
    kind="override_credit",
    schema=commands.Override(),
    begin=_begin_override,
    ask=_ask_override,
    finish=_finish_override,
    undo=undo,
    abandon=busy.free,
    gives_up=True,
)
