"""Moves that wait for another service's word and, but for the reopening, change nothing there.

The order is not marked busy for them: `finish` checks again what `begin` checked.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.calendar import CALENDAR
from chassis.conversation import Conversation, Talk, nothing
from chassis.database import Work
from chassis.errors import GendanError, StaleVersion
from services.orders.conversations import busy, credit
from services.orders.domain.errors import (
    CreditHeld,
    CreditStopped,
    GradeTooLow,
    NotAllOwedSettled,
    SignBackInvalid,
)
from services.orders.domain.lifecycle import GateKind, Stage, TaskState, Verdict
from services.orders.domain.order import Order
from services.orders.domain.review import judge_credit
from services.orders.schemas import commands, views
from services.orders.storage import copies, orders, prices, tasks
from services.orders.use_cases import clocks, confirming, telling


def _notes(order: Order) -> dict[str, Any]:
    return {"order_id": str(order.id), "customer_id": str(order.customer_id)}


def _ask_terms(talk: Talk) -> None:
    talk.answers["terms"] = talk.query(
        "customers", "get_terms", {"customer_id": talk.notes["customer_id"]}
    )


# -- send the confirmation: the grade at first sending decides about the slide ---------------


def _begin_sending(work: Work, _: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_sending(request["expected_version"])
    sent_at = confirming.sent_at(work, order, request)
    order.guard_statements(clock.business_date(sent_at))
    return {**_notes(order), "version": order.version, "sent_at": sent_at.isoformat()}


def _finish_sending(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    # What is frozen is what was sent: nothing of it may have changed since.
    order.guard_sending(talk.notes.get("version"))
    request = {**talk.request, "sent_at": _said_to_be_sent_at(talk)}
    event = order.send_confirmation(
        id=talk.id,
        document=views.order_in_full(order),
        grade=talk.answers["terms"]["grade"],
        sent_on=clock.business_date(confirming.sent_at(work, order, request)),
        now=work.now,
        sending=confirming.sending(work, order, request),
        slide_calendar=work.setting(CALENDAR.key)
        if work.setting("slide_in_working_days")
        else None,
    )
    work.announce(event)
    clocks.end_replies(work, order)
    confirming.follow_receipt(work, order, order.confirmations[-1])
    work.log(
        "order",
        order.number,
        "send_confirmation",
        changes={
            "stage": [Stage.APPROVED, order.stage],
            "confirmation_version": [None, event.confirmation_version],
        },
        note=request["note"],
    )
    work.session.flush()
    return views.order_in_full(order)


def _said_to_be_sent_at(talk: Talk) -> datetime | None:
    # It may end after midnight: the paper went out on the day by which its statements were judged.
    noted = talk.notes.get("sent_at")
    said: datetime | None = talk.request["sent_at"]
    return said if noted is None else datetime.fromisoformat(noted)


SEND_CONFIRMATION = Conversation(
    kind="send_confirmation",
    schema=commands.SendConfirmation(),
    begin=_begin_sending,
    ask=_ask_terms,
    finish=_finish_sending,
    undo=nothing,
    abandon=busy.leave,
)


# -- verify a returned copy: customers knows signatories and seals ---------------------------


def _begin_sign_back(work: Work, _: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    confirmation = order.guard_verifying(request["expected_version"])
    confirming.returned_copy(work, confirmation, request, why=None)
    return _notes(order)


def _ask_signatory(talk: Talk) -> None:
    talk.answers["signatory"] = talk.query(
        "customers",
        "check_signatory",
        {
            "customer_id": talk.notes["customer_id"],
            "signatory_name": talk.request["signatory"],
            "seal_code": talk.request["seal_code"],
        },
    )


def _faults(order: Order, talk: Talk) -> list[tuple[str, str]]:
    """Say, in English and in Chinese, what keeps a copy from binding the customer (O21)."""
    request, signatory = talk.request, talk.answers["signatory"]
    standing = order.confirmation
    found = []
    if standing is not None and request["confirmation_version"] != standing.number:
        came, sent = request["confirmation_version"], standing.number
        en = f"it is version {came}, sent was {sent}"
        found.append((en, f"回传的是第 {came} 版，发出的是第 {sent} 版"))
    if not signatory["authorised"]:
        found.append((str(signatory["why"]), str(signatory["why_zh"])))
    found += [words for field, words in _FAULTS.items() if not request[field]]
    return found


_FAULTS = {
    "clear": ("signature or text is unclear", "签字或文字不清楚"),
    "unaltered": ("the text was altered", "内容有改动"),
    "special_requirements_complete": (
        "the special requirements are incomplete",
        "特殊要求不完整",
    ),
}


def _finish_sign_back(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    confirmation = order.guard_verifying(None)
    if found := _faults(order, talk):
        why, why_zh = zip(*found, strict=True)
        raise SignBackInvalid(
            order_number=order.number, why="; ".join(why), why_zh="；".join(why_zh)
        )
    copy = confirming.returned_copy(work, confirmation, talk.request, why=None)
    before = order.stage
    work.announce(order.verify_sign_back(copy, work.now))
    confirming.settle_return(work, order)
    confirming.end_asking(work, order, outcome="the signed copy has come")
    telling.tell_frozen_dates(work, order, confirmation)
    if before is Stage.AWAITING_RETURN:
        prices.keep_last_prices(work, order)
    work.log(
        "order",
        order.number,
        "verify_sign_back",
        changes={"stage": [before, order.stage], "sign_back": ["sent", "verified"]},
        note=talk.request["signatory"] or talk.request["seal_code"],
    )
    work.session.flush()
    return views.order_in_full(order)


def _file_rejected(work: Work, talk: Talk, error: GendanError) -> None:
    """Keep the copy that did not do, with the reason; the order itself stays as it was."""
    if not isinstance(error, SignBackInvalid) and error.code != SignBackInvalid.code:
        return
    order = busy.order_of(work, talk)
    standing = order.confirmation
    if standing is None:
        return
    why = str(error.details.get("why"))
    work.session.add(confirming.returned_copy(work, standing, talk.request, why=why))
    work.log("order", order.number, "reject_sign_back", note=why)


VERIFY_SIGN_BACK = Conversation(
    kind="verify_sign_back",
    schema=commands.VerifySignBack(),
    begin=_begin_sign_back,
    ask=_ask_signatory,
    finish=_finish_sign_back,
    undo=nothing,
    abandon=_file_rejected,
)


# -- confirm before the sign-back: only grade A, as customers says at this moment -------------


def _begin_by_grade(work: Work, _: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_move(Stage.CONFIRMED, request["expected_version"])
    return {**_notes(order), "confirmation_version": _version_of_paper(order)}


def _version_of_paper(order: Order) -> int | None:
    return None if order.confirmation is None else order.confirmation.number


def _finish_by_grade(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    order.guard_move(Stage.CONFIRMED, None)
    paper = _version_of_paper(order)
    if paper != talk.notes.get("confirmation_version", paper):
        # Taken up after an outage: meanwhile the customer was sent something else.
        raise StaleVersion(entity=f"order {order.number}", version=order.version)
    terms = talk.answers["terms"]
    if not terms["instruction_before_sign_back"]:
        raise GradeTooLow(order_number=order.number, grade=terms["grade"])
    work.announce(order.confirm_by_grade(terms["grade"], work.now))
    confirming.owe_return(work, order)
    prices.keep_last_prices(work, order)
    work.log(
        "order",
        order.number,
        "confirm_by_grade",
        changes={"stage": [Stage.AWAITING_RETURN, order.stage], "grade": [None, terms["grade"]]},
    )
    work.session.flush()
    return views.order_in_full(order)


CONFIRM_BY_GRADE = Conversation(
    kind="confirm_by_grade",
    schema=commands.ConfirmByGrade(),
    begin=_begin_by_grade,
    ask=_ask_terms,
    finish=_finish_by_grade,
    undo=nothing,
    abandon=busy.leave,
)


# -- close and reopen: nothing owed; credit asked once more -----------------------------------


def _begin_closing(work: Work, _: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_move(Stage.CLOSED, request["expected_version"])
    return {**_notes(order), "money_sequence": copies.money_sequence(work, order.id)}


def _ask_what_is_owed(talk: Talk) -> None:
    about = {"order_id": talk.notes["order_id"]}
    talk.answers["money"] = talk.query("customers", "get_order_money", about)["money"]
    talk.answers["owed"] = talk.query("shipping", "list_owed", about)["items"]


def _finish_closing(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    order.guard_move(Stage.CLOSED, None)
    owed = [(str(item["title"]), str(item["title_zh"])) for item in talk.answers["owed"]]
    told = copies.money_sequence(work, order.id)
    owed += _money_owed(talk.answers["money"])
    if not owed and told > talk.notes.get("money_sequence", told):
        # What customers have told since may be newer than what they answered.
        owed += _money_owed(copies.money(work, order.id))
    owed += [
        (task.title, _OWED_PAPERS[task.kind])
        for task in tasks.open_tasks(work, order.id)
        if task.kind in _OWED_PAPERS
    ]
    if owed:
        items, items_zh = zip(*owed, strict=True)
        raise NotAllOwedSettled(
            order_number=order.number,
            owed="; ".join(items),
            owed_zh="；".join(items_zh),
            items=items,
        )
    for task in tasks.open_tasks(work, order.id):
        task.end(TaskState.DROPPED, by=work.principal.person_id, at=work.now, outcome="closed")
    work.announce(order.close(work.now))
    work.log("order", order.number, "close", changes={"stage": [Stage.FULFILLED, order.stage]})
    work.session.flush()
    return views.order_in_full(order)


def _money_owed(money: Mapping[str, Any]) -> list[tuple[str, str]]:
    owed = []
    if not money["paid_in_full"]:
        owed.append((f"balance {money['balance']}", f"余款 {money['balance']} 元"))
    if not money["invoiced"]:
        owed.append(("invoice", "发票"))
    return owed


#: Open tasks that are something owed about the order itself.
_OWED_PAPERS = {"return_owed": "确认书回传件", "paper_owed": "书面订单"}


CLOSE = Conversation(
    kind="close",
    schema=commands.CloseOrder(),
    begin=_begin_closing,
    ask=_ask_what_is_owed,
    finish=_finish_closing,
    undo=nothing,
    abandon=busy.leave,
)


def _begin_reopening(work: Work, talk_id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    work.principal.require("director")
    order.guard_reopening(request["expected_version"])
    return {**credit.notes_of(work, order, talk_id), "imported": order.imported}


def _ask_credit(talk: Talk) -> None:
    number = talk.notes["order_number"]
    about = {"order_id": talk.notes["order_id"]}
    if talk.query("customers", "check_production_terms", about)["credit_stop"]:
        raise CreditStopped(order_number=number)
    # An order of the old books never had credit, and its goods are not known to customers.
    if talk.notes["imported"]:
        return
    answer = credit.ask(talk)
    if answer["verdict"] != Verdict.PASSED:
        raise CreditHeld(order_number=number, why=answer["text"])


def _finish_reopening(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    gate, answer = order.find_gate(GateKind.CREDIT), talk.answers.get("credit")
    if gate is not None and answer is not None:
        judge_credit(gate, answer, work.now)
    work.announce(order.reopen())
    work.log(
        "order",
        order.number,
        "reopen",
        changes={"stage": [Stage.CLOSED, order.stage]},
        reason=talk.request["reason"],
        note=talk.request["note"],
    )
    work.session.flush()
    return views.order_in_full(order)


REOPEN = Conversation(
    kind="reopen",
    schema=commands.ReopenOrder(),
    begin=_begin_reopening,
    ask=_ask_credit,
    finish=_finish_reopening,
    undo=credit.undo,
    abandon=busy.free,
    gives_up=True,
)
