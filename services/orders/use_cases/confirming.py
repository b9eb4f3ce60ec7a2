"""Confirmation and sign-back: what is frozen, sent, returned, owed."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis.calendar import calendar_of
from chassis.database import Work
from chassis.errors import InvalidFields
from services.orders.domain.confirmation import Confirmation, SignBack
from services.orders.domain.lifecycle import Stage, TaskState
from services.orders.domain.order import Order
from services.orders.domain.task import TaskKind
from services.orders.storage import orders, tasks
from services.orders.use_cases import telling
from services.orders.use_cases.drafting import list_what_is_missing
from services.orders.use_cases.owing import owe

#: A desk's clock may be ahead by so much.
_AHEAD = timedelta(minutes=5)


def sent_at(work: Work, order: Order, request: Mapping[str, Any]) -> datetime:
    """Give when the paper went out. Raises InvalidFields before the approval or after now.

    What is sent again was sent before: then the first sending is the earliest moment.
    """
    moment: datetime = request["sent_at"] or work.now
    earliest = order.approved_at or moment
    if order.confirmation is not None:
        earliest = datetime.fromisoformat(order.confirmation.sendings[0]["at"])
    # People write down minutes.
    earliest = earliest.replace(second=0, microsecond=0)
    if not earliest <= moment <= work.now + _AHEAD:
        bounds = f"{earliest.isoformat()} to {work.now.isoformat()}"
        raise InvalidFields({"sent_at": [f"Must lie from {bounds}."]})
    return min(moment, work.now)


def sending(work: Work, order: Order, request: Mapping[str, Any]) -> dict[str, Any]:
    """Give the record of one sending: by whom, how, to whom, and that it arrived legibly."""
    return {
        "channel": request["channel"],
        "recipient": request["recipient"],
        "received_clearly": request["received_clearly"],
        "note": request["note"],
        "at": sent_at(work, order, request).isoformat(),
        "by": work.principal.person_id,
        "by_name": work.principal.name,
    }


def send_again(work: Work, request: Mapping[str, Any]) -> Order:
    """Send the standing version once more; its first sending still counts."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    confirmation = order.guard_sign_back(request["expected_version"])
    confirmation.send_again(sending(work, order, request))
    follow_receipt(work, order, confirmation)
    work.announce(order.change())
    work.log("order", order.number, "send_confirmation_again", note=request["note"])
    return order


def follow_receipt(work: Work, order: Order, confirmation: Confirmation) -> None:
    """Keep one task of the clerk until the customer has the paper legibly (O19)."""
    if confirmation.received_clearly:
        end_asking(work, order, outcome="received clearly")
    elif not tasks.open_tasks(work, order.id, TaskKind.RECEIVED_CLEARLY):
        owe(
            work,
            order,
            TaskKind.RECEIVED_CLEARLY,
            title=f"Ask whether the confirmation of {order.number} was received clearly",
            title_zh=f"与客户核实确认书已清晰接收：{order.number}",
            due_at=calendar_of(work, for_facts=True).add_working_time(
                work.now, timedelta(hours=work.setting("received_clearly_hours"))
            ),
        )


def end_asking(work: Work, order: Order, *, outcome: str) -> None:
    """End the task to ask: the customer has the paper, by his word or by his signature."""
    for task in tasks.open_tasks(work, order.id, TaskKind.RECEIVED_CLEARLY):
        task.end(TaskState.DONE, by=work.principal.person_id, at=work.now, outcome=outcome)


def note_received(work: Work, request: Mapping[str, Any]) -> Order:
    """Note, after the sending, that the customer received the confirmation clearly (O19)."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    confirmation = order.guard_receiving(request["expected_version"])
    confirmation.note_received(work.principal, note=request["note"], at=work.now)
    end_asking(work, order, outcome="received clearly")
    work.announce(order.change())
    work.log("order", order.number, "note_received_clearly", note=request["note"])
    return order


def returned_copy(
    work: Work, confirmation: Confirmation, request: Mapping[str, Any], *, why: str | None
) -> SignBack:
    """Give the record of a returned copy; `why` it was rejected, None if accepted.

    Raises InvalidFields for an arrival before the sending or after today.
    """
    arrived_on: date = request["arrived_on"] or work.today
    if not confirmation.sent_on <= arrived_on <= work.today:
        raise InvalidFields(
            {"arrived_on": [f"Must lie from {confirmation.sent_on} to {work.today}."]}
        )
    return SignBack(
        id=uuid4(),
        confirmation_id=confirmation.id,
        arrived_on=arrived_on,
        channel=request["channel"],
        signatory=request["signatory"],
        seal_code=request["seal_code"],
        attachment=request["attachment"],
        accepted=why is None,
        why=why,
        judged_by=work.principal.name,
        judged_at=work.now,
    )


def reject_sign_back(work: Work, request: Mapping[str, Any]) -> Order:
    """File a copy that the clerk sees will not do."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    confirmation = order.guard_sign_back(request["expected_version"])
    event = order.reject_sign_back(returned_copy(work, confirmation, request, why=request["why"]))
    work.announce(event)
    work.log("order", order.number, "reject_sign_back", note=request["why"])
    return order


def owe_return(work: Work, order: Order) -> None:
    """Open grade A's obligation to send the signed copy afterwards (O22)."""
    days = work.setting("return_owed_working_days")
    working = calendar_of(work, for_facts=True)
    due = working.end_of_working_day(working.add_working_days(work.today, days))
    owe(
        work,
        order,
        TaskKind.RETURN_OWED,
        title=f"Sign-back of {order.number} is owed",
        title_zh=f"待补传：订单 {order.number} 的签章确认书",
        due_at=due,
    )


def settle_return(work: Work, order: Order) -> None:
    """End the obligation when the signed copy is verified."""
    for task in tasks.open_tasks(work, order.id, TaskKind.RETURN_OWED):
        task.end(TaskState.DONE, by=work.principal.person_id, at=work.now, outcome="verified")


def promise_date(work: Work, request: Mapping[str, Any]) -> Order:
    """Give the customer another date (O20); production keeps its own."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_promise(request["expected_version"])
    before, promised = order.customer_due(work.today), request["customer_due"]
    event = order.promise(
        promised,
        by=work.principal,
        consent_by=request["consent_by"],
        today=work.today,
        now=work.now,
    )
    work.announce(event)
    telling.tell_dates(work, order, f"new customer date {promised}", f"新的客户交期 {promised}")
    work.log(
        "order",
        order.number,
        "promise_date",
        changes={"customer_due": [before, promised]},
        reason=request["reason"],
        note=_with_consent(request),
    )
    if order.stage is Stage.DRAFT:
        list_what_is_missing(work, order)
    return order


def _with_consent(request: Mapping[str, Any]) -> str | None:
    note: str | None = request["note"]
    if not request["consent_by"]:
        return note
    return f"consent: {request['consent_by']}. {note or ''}".strip()
