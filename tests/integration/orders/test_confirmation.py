"""Confirmation, sign-back, slide, expiry."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import clock
from chassis.errors import InvalidFields, StaleVersion
from services.orders import pages
from services.orders.domain.errors import (
    ConfirmationNotSent,
    GradeTooLow,
    ReceivedClearlyAlready,
    SignBackAlreadyVerified,
    SignBackInvalid,
)
from services.orders.schemas import commands, views
from services.orders.storage import orders
from services.orders.use_cases import by_the_clock, confirming, drafting, ending
from tests.integration.orders.desk import CLERK, Desk, Neighbours

SIGNED: dict[str, Any] = {
    "confirmation_version": 1,
    "channel": "fax",
    "signatory": "张经理",
    "clear": True,
    "unaltered": True,
    "special_requirements_complete": True,
}


def days_pass(file: Path, days: int) -> None:
    file.write_text(str(float(file.read_text()) + days * 86_400))


def due(order: dict[str, Any], name: str) -> date:
    return date.fromisoformat(order[name])


def promise_a_day_less(desk: Desk, number: str) -> date:
    """Promise the customer a day before the date that holds; gives it."""
    promised = due(desk.order(number), "customer_due") - timedelta(days=1)
    desk.do(
        commands.PromiseDate,
        confirming.promise_date,
        order_number=number,
        customer_due=promised.isoformat(),
        reason="production",
    )
    return promised


def test_sending_freezes_version_one(desk: Desk) -> None:
    """O19: proof-read, sent, received clearly, by whom."""
    order = desk.sent_order()

    assert order["stage"] == "awaiting_return"
    assert order["confirmation_version"] == 1
    assert desk.state(
        "select number, state, document->>'number', sendings->0->>'received_clearly' "
        "from confirmation"
    ) == [(1, "sent", order["number"], "true")]


SENDING: dict[str, Any] = {"channel": "fax", "recipient": "张经理", "proof_read": True}


def receiving(desk: Desk) -> list[tuple[str, str, str | None]]:
    """Give the tasks to ask whether a confirmation was received clearly."""
    rows = desk.state(
        "select role, state, outcome from task where kind = 'received_clearly' order by opened_at"
    )
    return [tuple(row) for row in rows]


def note_received(desk: Desk, number: str, note: str | None = None) -> None:
    desk.do(commands.NoteReceived, confirming.note_received, order_number=number, note=note)


def papers(desk: Desk, number: str) -> list[dict[str, Any]]:
    asked = {"order_number": number}
    return desk.store.read(CLERK, lambda work: pages.list_confirmations(work, asked))


def test_a_confirmation_that_nobody_knows_to_be_received_clearly_is_asked_after(
    desk: Desk,
) -> None:
    """O19: within four working hours, by the clerk, until it is noted by whom and when."""
    number = desk.approved_order()["number"]
    desk.talk("send_confirmation", order_number=number, **SENDING)
    items = desk.store.read(CLERK, lambda work: pages.list_work(work, {"limit": 10}))
    asked = next(item for item in items if item["kind"] == "received_clearly")
    assert (asked["order_number"], asked["due_at"] is None) == (number, False)
    assert papers(desk, number)[0]["received_clearly"] is False

    note_received(desk, number, note="张经理电话确认")

    assert receiving(desk) == [("clerk", "done", "received clearly")]
    (paper,) = papers(desk, number)
    noted = paper["sendings"][0]["noted"]
    assert paper["received_clearly"] is True
    assert (noted["by"], noted["note"]) == (CLERK.person_id, "张经理电话确认")
    with pytest.raises(ReceivedClearlyAlready):
        note_received(desk, number)


def test_who_finishes_the_task_to_ask_notes_it_on_the_confirmation(desk: Desk) -> None:
    """O19."""
    number = desk.approved_order()["number"]
    desk.talk("send_confirmation", order_number=number, **SENDING)
    (task,) = desk.state("select id from task where kind = 'received_clearly'")

    with desk.store.work(CLERK) as work:
        ending.finish_task(work, {"task_id": task.id, "outcome": "已听清"})

    assert papers(desk, number)[0]["sendings"][0]["noted"]["note"] == "已听清"


def test_it_is_asked_once_whatever_is_sent_again_and_no_more_once_it_came_clearly(
    desk: Desk,
) -> None:
    """O19."""
    number = desk.approved_order()["number"]
    desk.talk("send_confirmation", order_number=number, **SENDING)

    def send_again(**said: Any) -> None:
        body = {"order_number": number, **SENDING, **said}
        desk.do(commands.SendConfirmation, confirming.send_again, **body)

    send_again()
    assert receiving(desk) == [("clerk", "open", None)]
    send_again(received_clearly=True)
    assert receiving(desk) == [("clerk", "done", "received clearly")]
    send_again()
    assert len(receiving(desk)) == 1


@pytest.mark.parametrize(
    ("end", "ended"),
    [
        ("sign_back", ("clerk", "done", "the signed copy has come")),
        ("return", ("clerk", "dropped", "back in draft")),
    ],
)
def test_nobody_asks_any_more_once_the_copy_is_back_or_the_paper_void(
    desk: Desk, end: str, ended: tuple[str, str, str]
) -> None:
    """O19."""
    number = desk.approved_order()["number"]
    desk.talk("send_confirmation", order_number=number, **SENDING)

    if end == "sign_back":
        desk.talk("verify_sign_back", order_number=number, **SIGNED)
    else:
        desk.do(
            commands.ReturnToDraft,
            drafting.return_to_draft,
            order_number=number,
            reason="customer_request",
        )

    assert receiving(desk) == [ended]


def test_what_was_faxed_last_evening_is_recorded_with_its_time(
    desk: Desk, clock_file: Path
) -> None:
    """The slide and the wait for the signed copy begin with the sending, not with its record."""
    number = desk.approved_order()["number"]
    faxed = clock.business_now()
    days_pass(clock_file, 1)

    order = desk.talk(
        "send_confirmation", order_number=number, sent_at=faxed.isoformat(), **SENDING
    )

    assert (due(order, "sent_on"), order["slid_days"]) == (clock.business_date(faxed), 1)
    assert desk.state("select sendings->0->>'at' from confirmation") == [(faxed.isoformat(),)]


@pytest.mark.parametrize("hours", [-1, 25])
def test_nothing_was_sent_before_its_approval_or_is_sent_tomorrow(desk: Desk, hours: int) -> None:
    order = desk.approved_order()
    moment = clock.business_now() + timedelta(hours=hours)

    with pytest.raises(InvalidFields) as refused:
        desk.talk(
            "send_confirmation", order_number=order["number"], sent_at=moment.isoformat(), **SENDING
        )

    assert set(refused.value.details["fields"]) == {"sent_at"}
    assert desk.order(order["number"]) == order


def test_what_changed_while_a_sending_waited_is_not_frozen_as_if_it_had_been_sent(
    desk: Desk, neighbours: Neighbours
) -> None:
    number = desk.approved_order()["number"]

    def promise_another_date() -> None:
        promise_a_day_less(desk, number)

    terms = {"grade": "B", "terms": "deposit_and_balance", "instruction_before_sign_back": False}
    neighbours.answer_after("customers.get_terms", promise_another_date, terms)

    with pytest.raises(StaleVersion):
        desk.talk("send_confirmation", order_number=number, **SENDING)

    assert desk.order(number)["stage"] == "approved"
    assert desk.state("select * from confirmation") == []


def test_both_dates_slide_a_day_for_each_day_unsigned(desk: Desk, clock_file: Path) -> None:
    """O23: the slide is computed from dates and announced once a day."""
    before = desk.sent_order()
    days_pass(clock_file, 2)

    after = desk.order(before["number"])
    (row,), _ = desk.store.read(
        CLERK, lambda work: orders.search(work, {"after": None, "limit": 9})
    )
    in_list = views.order_found(row, clock.business_date(clock.business_now()))

    for name in ("production_due", "customer_due"):
        assert due(after, name) - due(before, name) == timedelta(days=2)
    assert in_list["customer_due"] == after["customer_due"]
    assert after["slid_days"] == 2


def test_the_slide_is_announced_in_each_days_slot_and_one_task_tells_the_newest_date(
    desk: Desk, clock_file: Path
) -> None:
    order = desk.sent_order()
    told = []
    for _ in range(2):
        days_pass(clock_file, 1)
        told.append(announce_slides(desk))

    assert told == [1, 1]
    assert desk.announced()[-2:] == ["dates_slid", "dates_slid"]
    number, slid = order["number"], due(order, "customer_due") + timedelta(days=2)
    assert to_tell(desk) == [
        (
            f"Tell the customer of {number}: dates now {slid}",
            f"告知客户（{number}）：交期现为 {slid}",
        )
    ]


def announce_slides(desk: Desk) -> int:
    with desk.store.work() as work:
        return by_the_clock.announce_slides(work, work.now)


def to_tell(desk: Desk) -> list[Any]:
    """Give the titles of what is to be told to the customer, as they stand in the work list."""
    told: list[Any] = desk.state(
        "select title, title_zh from task where kind = 'tell_customer' and state = 'open'"
    )
    return told


@pytest.mark.parametrize(("days_late", "told"), [(0, False), (1, False), (0, True)])
def test_once_the_signed_copy_is_verified_the_customer_is_told_the_frozen_date(
    desk: Desk,
    clock_file: Path,
    days_late: int,
    told: bool,  # noqa: FBT001
) -> None:
    """The copy came before the day that the task speaks of; what did not slide is not told.

    Unless the customer was told already that it had.
    """
    order = desk.sent_order()
    days_pass(clock_file, 1 + days_late)
    announce_slides(desk)
    if told:
        desk.state("update task set state = 'done' where kind = 'tell_customer' returning 1")
    arrived_on = due(order, "sent_on") + timedelta(days=days_late)

    desk.talk(
        "verify_sign_back",
        order_number=order["number"],
        arrived_on=arrived_on.isoformat(),
        **SIGNED,
    )

    slid = due(order, "customer_due") + timedelta(days=days_late)
    title = f"Tell the customer of {order['number']}: dates now {slid}"
    assert [each.title for each in to_tell(desk)] == [title] * (days_late or told)


@pytest.mark.parametrize(("came_late", "told_anew"), [(0, True), (1, False)])
def test_the_frozen_date_is_told_unless_the_customer_heard_it_last(
    desk: Desk,
    clock_file: Path,
    came_late: int,
    told_anew: bool,  # noqa: FBT001
) -> None:
    """He heard of one day; a second has passed, of which nobody has told him yet."""
    order = desk.sent_order()
    days_pass(clock_file, 1)
    announce_slides(desk)
    desk.state("update task set state = 'done' where kind = 'tell_customer' returning 1")
    days_pass(clock_file, 1)
    announce_slides(desk)
    assert len(to_tell(desk)) == 1

    desk.talk(
        "verify_sign_back",
        order_number=order["number"],
        arrived_on=(due(order, "sent_on") + timedelta(days=came_late)).isoformat(),
        **SIGNED,
    )

    title = f"Tell the customer of {order['number']}: dates now {order['customer_due']}"
    assert [each.title for each in to_tell(desk)] == [title] * told_anew


def test_a_date_promised_beside_the_paper_is_still_told_when_the_paper_comes_back(
    desk: Desk,
) -> None:
    """O20: the signed copy says the former one."""
    number = desk.sent_order()["number"]
    promised = promise_a_day_less(desk, number)

    desk.talk("verify_sign_back", order_number=number, **SIGNED)

    assert [told.title for told in to_tell(desk)] == [
        f"Tell the customer of {number}: dates now {promised}"
    ]


def test_dates_that_a_draft_or_a_new_promise_replaces_are_told_no_more(
    desk: Desk, clock_file: Path
) -> None:
    """O20, O28."""
    number = desk.sent_order()["number"]
    days_pass(clock_file, 1)
    announce_slides(desk)
    promised = promise_a_day_less(desk, number)
    assert to_tell(desk) == [
        (
            f"Tell the customer of {number}: new customer date {promised}",
            f"告知客户（{number}）：新的客户交期 {promised}",
        )
    ]

    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="customer_request",
    )

    assert to_tell(desk) == []


def test_a_promise_logs_who_consented_and_is_an_edit_of_a_draft(desk: Desk) -> None:
    """O20, O37, O4: key data are compared again, and the missing date is asked for no more."""
    number = desk.new_order(submit=False)["number"]
    desk.state('update "order" set base_customer_due = null returning 1')
    body: dict[str, Any] = {"order_number": number, "reason": "production"}
    desk.do(commands.ChangeOrder, drafting.change_order, **body)
    desk.do(commands.CheckKeyData, drafting.check_key_data, order_number=number)
    (touched,) = desk.state('select touched_at from "order"')

    for note in ("停电", None):
        body |= {"customer_due": "2099-01-01", "consent_by": "王伟", "note": note}
        order = desk.do(commands.PromiseDate, confirming.promise_date, **body)

    assert order["checked_by"] is None
    assert desk.state('select touched_at from "order"') > [touched]
    assert desk.state("select state from task where kind = 'missing_fields'") == [("dropped",)]
    assert desk.state("select note from change_log where action = 'promise_date' order by id") == [
        ("consent: 王伟. 停电",),
        ("consent: 王伟.",),
    ]


def test_the_slide_is_frozen_when_the_verified_copy_arrived(desk: Desk, clock_file: Path) -> None:
    before = desk.sent_order()
    days_pass(clock_file, 2)
    desk.talk("verify_sign_back", order_number=before["number"], **SIGNED)
    days_pass(clock_file, 5)

    assert due(desk.order(before["number"]), "customer_due") - due(
        before, "customer_due"
    ) == timedelta(days=2)


def test_grade_a_dates_do_not_slide(desk: Desk, neighbours: Neighbours, clock_file: Path) -> None:
    neighbours.answer(
        "customers.get_terms",
        {"grade": "A", "terms": "account", "instruction_before_sign_back": True},
    )
    number = desk.sent_order()["number"]
    days_pass(clock_file, 3)

    assert desk.order(number)["slid_days"] == 0


def test_an_unauthorised_signatory_is_rejected_and_filed(
    desk: Desk, neighbours: Neighbours
) -> None:
    """O21: the order stays as it was; the copy is kept with the reason."""
    before = desk.sent_order()
    neighbours.answer(
        "customers.check_signatory", {"authorised": False, "why": "not on file", "why_zh": "未备案"}
    )

    with pytest.raises(SignBackInvalid) as refused:
        desk.talk("verify_sign_back", order_number=before["number"], **SIGNED)

    assert refused.value.details["why"] == "not on file"
    assert desk.order(before["number"]) == before
    assert desk.state("select accepted, why from sign_back") == [(False, "not on file")]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("clear", False, "signature or text is unclear"),
        ("unaltered", False, "the text was altered"),
        ("special_requirements_complete", False, "the special requirements are incomplete"),
        ("confirmation_version", 2, "it is version 2, sent was 1"),
    ],
)
def test_a_faulty_copy_is_rejected_with_its_fault(
    desk: Desk, field: str, value: Any, why: str
) -> None:
    number = desk.sent_order()["number"]

    with pytest.raises(SignBackInvalid) as refused:
        desk.talk("verify_sign_back", order_number=number, **{**SIGNED, field: value})

    assert refused.value.details["why"] == why


def test_a_verified_copy_confirms_and_keeps_the_last_price(desk: Desk) -> None:
    sold, gift = ({"product_code": "PAPER-70", "quantity": each} for each in ("1000", "20"))
    number = desk.sent_order(lines=[sold, gift])["number"]
    desk.state("update order_line set unit_price = 0 where line_no = 2 returning 1")

    order = desk.talk("verify_sign_back", order_number=number, **SIGNED)

    assert (order["stage"], order["sign_back_verified"]) == ("confirmed", True)
    assert desk.announced()[-1] == "order_confirmed"
    assert desk.state("select unit_price::text from last_price") == [("1.000000",)]
    with pytest.raises(SignBackAlreadyVerified):
        desk.talk("verify_sign_back", order_number=number, **SIGNED)


def test_no_other_version_is_confirmed_by_grade_than_the_one_that_stood(
    desk: Desk, neighbours: Neighbours
) -> None:
    """The order was returned, changed and sent anew while customers was asked."""
    number = desk.sent_order()["number"]
    grade_a = {"grade": "A", "terms": "account", "instruction_before_sign_back": True}
    neighbours.answer_after(
        "customers.get_terms",
        lambda: desk.state("update confirmation set number = 2 returning 1"),
        grade_a,
    )

    with pytest.raises(StaleVersion):
        desk.talk("confirm_by_grade", order_number=number)

    assert desk.order(number)["stage"] == "awaiting_return"


def test_only_grade_a_is_confirmed_before_its_sign_back(desk: Desk, neighbours: Neighbours) -> None:
    """O22."""
    number = desk.sent_order()["number"]
    with pytest.raises(GradeTooLow):
        desk.talk("confirm_by_grade", order_number=number)
    neighbours.answer(
        "customers.get_terms",
        {"grade": "A", "terms": "account", "instruction_before_sign_back": True},
    )

    order = desk.talk("confirm_by_grade", order_number=number)

    assert (order["stage"], order["confirmed_by_grade"]) == ("confirmed", True)
    assert desk.state("select kind, role, state from task") == [("return_owed", "sales", "open")]
    desk.talk("verify_sign_back", order_number=number, **SIGNED)
    assert desk.state("select state from task") == [("done",)]
    assert desk.announced()[-1] == "sign_back_verified"


def test_an_owed_sign_back_that_is_late_is_an_anomaly_reported_once(
    desk: Desk, neighbours: Neighbours, clock_file: Path
) -> None:
    neighbours.answer(
        "customers.get_terms",
        {"grade": "A", "terms": "account", "instruction_before_sign_back": True},
    )
    number = desk.sent_order()["number"]
    desk.talk("confirm_by_grade", order_number=number)
    days_pass(clock_file, 8)

    counts = []
    for _ in range(2):
        with desk.store.work() as work:
            counts.append(by_the_clock.report_late_returns(work))

    assert counts == [1, 0]
    assert desk.state("select text_zh from anomaly") == [
        (f"订单 {number} 的签章回传件已逾期，发货照常进行。",)
    ]


def test_an_unsigned_confirmation_expires_after_fourteen_days(desk: Desk, clock_file: Path) -> None:
    """Everything held is freed, the order is a draft, every gate opens again."""
    before = desk.sent_order()
    days_pass(clock_file, 13)
    announce_slides(desk)
    with desk.store.work() as work:
        assert by_the_clock.expire_orders(work, work.now) == 0
    days_pass(clock_file, 1)

    with desk.store.work() as work:
        assert by_the_clock.expire_orders(work, work.now) == 1

    order = desk.order(before["number"])
    assert (order["stage"], order["gates"]) == ("draft", [])
    assert desk.announced()[-1] == "order_expired"
    assert to_tell(desk) == []
    assert desk.state("select state from confirmation") == [("void",)]
    assert due(order, "customer_due") - due(before, "customer_due") == timedelta(days=14)
    with pytest.raises(ConfirmationNotSent):
        desk.talk("verify_sign_back", order_number=before["number"], **SIGNED)


def test_a_draft_that_holds_something_expires_after_seven_days(
    desk: Desk, clock_file: Path
) -> None:
    number = desk.approved_order()["number"]
    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="customer_request",
    )
    days_pass(clock_file, 8)

    with desk.store.work() as work:
        assert by_the_clock.expire_orders(work, work.now) == 1

    assert desk.order(number)["gates"] == []
    assert clock.business_now() > clock.machine_now()
