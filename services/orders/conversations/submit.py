"""Submit: finished stock and credit are held in their own services, then the gates open.

Stock is asked first, because only stock can refuse; credit always answers, with a verdict.
Creating and submitting in one call lays the order down only when both have answered, so a
refusal leaves nothing behind.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from chassis.changes import difference
from chassis.conversation import Begun, Conversation, Talk
from chassis.database import Work
from services.orders.conversations import busy
from services.orders.domain.errors import PricesMoved
from services.orders.domain.lifecycle import GateKind
from services.orders.domain.order import Order
from services.orders.domain.pricing import PriceFindings
from services.orders.domain.review import (
    inputs_of,
    judge_credit,
    judge_price,
    renew_gates,
    take_terms,
)
from services.orders.schemas import commands, views
from services.orders.storage import copies, orders
from services.orders.use_cases import clocks, drafting, reviewing
from services.orders.use_cases.pricing import guard_checked_prices, price_draft, prices_of


def _holdings(order: Order) -> dict[str, Any]:
    """Give what the order wants held, as the steps ask for it."""
    credit = next((gate for gate in order.gates if gate.kind is GateKind.CREDIT), None)
    stands = credit is not None and credit.has_passed
    same = stands and credit is not None and credit.inputs == inputs_of(order, GateKind.CREDIT)
    return {
        "order_id": str(order.id),
        "order_number": order.number,
        "customer_id": str(order.customer_id),
        "total": f"{order.total:.2f}",
        "amount": f"{order.credit_amount:.2f}",
        "revision": order.revision + 1,
        "ask_credit": not same,
        # A resubmitted order may have had stock lines that it has no more.
        "ask_stock": bool(order.stock_lines) or order.revision > 0,
        "stock": _wanted_stock(order),
    }


def _wanted_stock(order: Order) -> list[dict[str, str]]:
    return [
        {
            "line_id": str(line.id),
            "product_id": str(line.product_id),
            "quantity": f"{line.quantity:.3f}",
        }
        for line in order.stock_lines
    ]


def _ask(talk: Talk) -> None:
    notes = talk.notes
    if not notes.get("ask_stock") and not notes.get("ask_credit"):
        return
    about = {"order_id": notes["order_id"], "order_number": notes["order_number"]}
    if notes["ask_stock"]:
        talk.ask("stock", "inventory", "reserve_stock", {**about, "lines": notes["stock"]})
    if notes["ask_credit"]:
        talk.ask(
            "credit",
            "customers",
            "reserve_credit",
            {
                **about,
                **{name: notes[name] for name in ("customer_id", "total", "amount", "revision")},
            },
        )


def _undo(talk: Talk) -> None:
    if "ask_stock" not in talk.notes:
        return
    about = {"order_id": talk.notes["order_id"]}
    talk.undo("credit", "customers", "undo_credit", about)
    talk.undo("stock", "inventory", "undo_stock", about)


def _review(
    work: Work,
    talk: Talk,
    order: Order,
    findings: PriceFindings,
    looked_up: Mapping[str, Any] | None = None,
) -> None:
    """Open the gates of a new revision and let the system judge price and credit.

    `looked_up` is what was changed of the draft by it, as the prices looked up, for the log.
    """
    wanted = f"{order.credit_amount:.2f}", _wanted_stock(order)
    if wanted != (talk.notes["amount"], talk.notes["stock"]):
        raise PricesMoved
    order.revision += 1
    order.settle_delivery()
    renew_gates(order, work.now)
    price = order.gate(GateKind.PRICE)
    if not price.has_passed:
        judge_price(price, findings, work.now)
    answer = talk.answers.get("credit")
    if answer is not None:
        judge_credit(order.gate(GateKind.CREDIT), answer, work.now)
        take_terms(order, answer)
    order.open_gates(work.now)
    submitted = order.submit(work.now)
    if order.revision > 1:
        reviewing.end_refusals(work, order)
        # Of a first revision nothing can be stated before it is announced.
        reviewing.apply_statements(work, order)
        clocks.run_until_stated(work, order)
    if findings.doubts and not price.has_passed:
        reviewing.report_doubt(work, order)
    elif order.revision > 1:
        reviewing.end_doubts(work, order, outcome="submitted again: no doubt left")
    work.announce(submitted)
    if all(gate.has_passed for gate in order.gates):
        # A resubmit that changed nothing anybody signed for stands approved at once.
        work.announce(*order.settle_gates(work.now))
    work.log(
        "order",
        order.number,
        "submit",
        changes={"revision": [order.revision - 1, order.revision], **(looked_up or {})},
    )


# -- a draft that stands already -----------------------------------------------------------


def _begin_submit(work: Work, conversation_id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    if request["key_data_checked"]:
        order.check_key_data(work.principal, work.now)
    checked = prices_of(order)
    if order.is_editable and order.lines and order.customer_id is not None:
        price_draft(work, order)
    order.guard_submit(request["expected_version"], work.today)
    if not request["key_data_checked"]:
        guard_checked_prices(order, checked)
    copies.guard_buying(work, order.customer_id)
    holdings = _holdings(order)
    # Stock may refuse it yet, which leaves everything as it was: the check of key data and the
    # prices looked up are written at the end, with the rest.
    work.session.expunge_all()
    busy.mark(work, order, conversation_id)
    return holdings


def _finish_submit(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    if talk.request["key_data_checked"]:
        order.check_key_data(work.principal, work.now)
    before, checked = drafting.as_edited(order), prices_of(order)
    order.settle_delivery()
    findings = price_draft(work, order)
    if not talk.request["key_data_checked"]:
        guard_checked_prices(order, checked)
    _review(work, talk, order, findings, difference(before, drafting.as_edited(order)))
    drafting.list_what_is_missing(work, order)
    work.session.flush()
    return views.order_in_full(order)


SUBMIT = Conversation(
    kind="submit",
    schema=commands.SubmitOrder(),
    begin=_begin_submit,
    ask=_ask,
    finish=_finish_submit,
    undo=_undo,
    abandon=busy.free,
    gives_up=True,
)


# -- a new order ---------------------------------------------------------------------------


def _build(
    work: Work, order_id: UUID, number: str | None, request: dict[str, Any]
) -> tuple[Order, PriceFindings | None]:
    order, findings = drafting.build_draft(work, order_id, number, request)
    if request["key_data_checked"]:
        order.check_key_data(work.principal, work.now)
    return order, findings


def _begin_create(
    work: Work, conversation_id: UUID, request: dict[str, Any]
) -> dict[str, Any] | Begun:
    drafting.guard_moments(work, request)
    order_id = uuid5(conversation_id, "order")
    if not request["submit"]:
        return {"order_id": str(order_id), "order_number": orders.next_number(work)}
    built = _build(work, order_id, None, request)
    order, _ = built
    order.guard_submit(None, work.today)
    return Begun(_holdings(order), built)


def _finish_create(work: Work, talk: Talk) -> dict[str, Any]:
    order_id, number = UUID(talk.notes["order_id"]), talk.notes["order_number"]
    built = talk.take_built()
    order, findings = built or _build(work, order_id, number, talk.request)
    if built and order.customer_id is not None:
        # Who follows the customer meanwhile found no order in the books.
        order.belong_to(copies.customer_by_id(work, order.customer_id))
    clocks.owe_replies(work, order)
    drafting.follow_paper(work, order)
    if findings is not None and talk.request["submit"]:
        _review(work, talk, order, findings)
    else:
        drafting.announce_draft(work, order)
    orders.write_new(work, order)
    return views.order_in_full(order)


CREATE = Conversation(
    kind="create",
    schema=commands.CreateOrder(),
    begin=_begin_create,
    ask=_ask,
    finish=_finish_create,
    undo=_undo,
    abandon=busy.leave,
    gives_up=True,
)
