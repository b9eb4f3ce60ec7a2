"""Due times of SPEC §5: on the entered calendar, stopped while on hold, climbing when over."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from chassis import clock
from chassis.commands import load
from chassis.errors import Conflict, InvalidFields, RoleNeeded
from chassis.lifecycle import IllegalMove
from services.orders import pages
from services.orders.domain.anomaly import AnomalyClass, Priority, Topic
from services.orders.domain.errors import EndsByItself, NotAllOwedSettled
from services.orders.schemas import commands
from services.orders.storage import orders, tasks
from services.orders.use_cases import (
    anomalies,
    by_the_clock,
    confirming,
    drafting,
    ending,
    reviewing,
)
from tests.integration.orders.desk import (
    CLERK,
    DIRECTOR,
    FINANCE,
    SALES,
    SUPERVISOR,
    Desk,
    Neighbours,
)
from tests.integration.orders.test_confirmation import SIGNED
from tests.integration.orders.test_judging import back, resubmitted
from tests.integration.orders.test_on_hold import GRADE_A, STOCK, held, resumed
from tests.integration.orders.test_what_reaches_an_order import state

# A Monday, far from any holiday that somebody could have entered; all times are UTC, and
# work goes from 00:30 to 09:30 of it (08:30 to 17:30 in Shanghai).
MONDAY = datetime(2027, 3, 8, tzinfo=UTC)


class Days:
    """The business clock, set to moments of one known week."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def be(self, day: int, hour: int, minute: int = 0) -> datetime:
        """Set the clock to a weekday (0 is the Monday) and time; gives the moment."""
        moment = MONDAY + timedelta(days=day, hours=hour, minutes=minute)
        self.file.write_text(str((moment - clock.machine_now()).total_seconds()))
        return moment


@pytest.fixture
def days(clock_file: Path) -> Days:
    week = Days(clock_file)
    week.be(0, 1)
    return week


def enter(desk: Desk, **settings: Any) -> None:
    with desk.store.work() as work:
        for key, value in settings.items():
            row = {"key": key, "value": value, "changed_at": work.now, "changed_by": "admin"}
            work.session.execute(insert(desk.store.platform.settings).values(row))
    desk.store.forget_settings()


def memo(desk: Desk, **changes: Any) -> dict[str, Any]:
    body = {
        "channel": "phone",
        "asked_by": "张经理",
        "wish": "热敏纸 1000 卷",
        "reply_by": (MONDAY + timedelta(hours=5)).isoformat(),
        **changes,
    }
    order: dict[str, Any] = desk.do(commands.TakeMemo, drafting.take_memo, **body)
    return order


def due_times(desk: Desk, who: Any = CLERK) -> dict[str, datetime | None]:
    items = desk.store.read(who, lambda work: pages.list_work(work, {"limit": 100}))
    return {
        item["kind"]: None if item["due_at"] is None else _minute(item["due_at"]) for item in items
    }


def _minute(moment: str) -> datetime:
    # The clock runs on while a test works; nothing here is about seconds.
    at = datetime.fromisoformat(moment) + timedelta(seconds=30)
    return at.replace(second=0, microsecond=0)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def anomaly(desk: Desk, number: str, priority: Priority = Priority.NORMAL) -> None:
    with desk.store.work(CLERK) as work:
        anomalies.open_anomaly(
            work,
            orders.order_by_number(work, number, lock=True),
            cause=AnomalyClass.LOGISTICS,
            topic=Topic.DELAY,
            priority=priority,
            text="late",
        )


def escalate(desk: Desk) -> None:
    with desk.store.work() as work:
        anomalies.escalate_due(work)


def owner(desk: Desk) -> tuple[str, ...]:
    with desk.store.work() as work:
        (one,), _ = tasks.search_anomalies(work, None, after=None, limit=5)
        roles: tuple[str, ...] = one.owner_roles
    return roles


# -- replies and the confirmation ----------------------------------------------------------------


@pytest.mark.parametrize(("channel", "minutes"), [("email", 15), ("web", 15), ("instant", 1)])
def test_a_request_in_writing_waits_for_its_first_reply(
    desk: Desk, days: Days, channel: str, minutes: int
) -> None:
    """G6: minutes of working time; the time that was promised is a task of its own."""
    days.be(-1, 12)  # on the Sunday evening
    memo(desk, channel=channel)
    assert due_times(desk) == {
        "first_reply": at(0, 0, 30 + minutes),
        "reply_due": at(0, 5),
        "draft": at(0, 4, 30),
    }


def test_who_asks_in_speech_is_answered_while_he_asks(desk: Desk, days: Days) -> None:
    days.be(0, 1)
    memo(desk)
    assert due_times(desk) == {"reply_due": at(0, 5), "draft": at(0, 5)}


def test_an_order_written_at_once_owes_the_promised_answer_too(desk: Desk, days: Days) -> None:
    """O5."""
    desk.new_order(submit=False, reply_by=at(0, 3).isoformat())
    assert due_times(desk)["reply_due"] == at(0, 3)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("asked_at", timedelta(minutes=6)),
        ("asked_at", timedelta(days=365)),
        ("asked_at", timedelta(days=-93)),
        ("reply_by", timedelta(minutes=-6)),
        ("reply_by", timedelta(days=93)),
    ],
)
def test_who_asked_did_so_until_now_and_is_answered_from_now_on(
    desk: Desk, days: Days, field: str, said: timedelta
) -> None:
    """O1, O5: a month or a year that was mistyped would move every clock of the order."""
    now = days.be(2, 1)
    wrong = {field: (now + said).isoformat()}
    for write in (memo, lambda desk, **facts: desk.new_order(submit=False, **facts)):
        with pytest.raises(InvalidFields) as refused:
            write(desk, **({"reply_by": at(2, 5).isoformat()} | wrong))
        assert list(refused.value.details["fields"]) == [field]
    assert (desk.state('select * from "order"'), desk.announced()) == ([], [])

    # Of a clock that is fast what it says of the future is not kept.
    early = {"asked_at": (now + timedelta(minutes=4)).isoformat(), "reply_by": now.isoformat()}
    assert _minute(memo(desk, **early)["asked_at"]) == now


def test_a_promised_answer_that_has_passed_is_no_reason_to_refuse_an_edit(
    desk: Desk, days: Days
) -> None:
    number = desk.new_order(submit=False, reply_by=at(0, 3).isoformat())["number"]
    days.be(1, 1)
    edit: dict[str, Any] = {"order_number": number, "wish": "快点"}
    desk.do(commands.ChangeOrder, drafting.change_order, reply_by=at(0, 3).isoformat(), **edit)
    with pytest.raises(InvalidFields):
        desk.do(commands.ChangeOrder, drafting.change_order, reply_by=at(0, 4).isoformat(), **edit)
    assert desk.order(number)["reply_by"] == at(0, 3).isoformat()


def test_the_task_to_answer_moves_and_ends_with_what_was_promised(desk: Desk, days: Days) -> None:
    """O5: and is not owed again by an edit that leaves the promise as it is."""
    number = desk.new_order(submit=False)["number"]
    assert "reply_due" not in due_times(desk)

    def promise(reply_by: datetime | None, **changes: Any) -> None:
        said = None if reply_by is None else reply_by.isoformat()
        edit: dict[str, Any] = {"order_number": number, "reply_by": said, **changes}
        desk.do(commands.ChangeOrder, drafting.change_order, **edit)

    for moment in (at(0, 3), at(0, 6)):
        promise(moment)
        assert due_times(desk)["reply_due"] == moment
    promise(None)
    assert "reply_due" not in due_times(desk)
    promise(at(1, 3))
    finish(desk, "reply_due")
    promise(at(1, 3), wish="快点")
    assert "reply_due" not in due_times(desk)

    taken = memo(desk)["number"]
    draft: dict[str, Any] = {"customer_code": "C-B", "reply_by": at(2, 3).isoformat()}
    desk.do(commands.DraftOrder, drafting.draft_order, order_number=taken, **draft)
    assert due_times(desk)["reply_due"] == at(2, 3)
    assert desk.state(
        "select state, count(*) from task where kind = 'reply_due' group by 1 order by 1"
    ) == [
        ("done", 1),
        ("dropped", 1),
        ("open", 1),
    ]


def test_a_stock_order_is_to_be_confirmed_within_working_hours_of_its_memo(
    desk: Desk, days: Days
) -> None:
    """G6: four hours from the Friday afternoon are over on the Monday after."""
    days.be(4, 7, 30)
    number = desk.new_order(lines=STOCK, reply_by=at(7, 3).isoformat(), channel="email")["number"]
    assert due_times(desk, SUPERVISOR) == {"sign_approval": at(7, 2, 30)}
    days.be(4, 8)
    desk.do(
        commands.SignApproval,
        reviewing.sign_approval,
        SUPERVISOR,
        order_number=number,
        verdict="passed",
        text="ok",
    )
    assert due_times(desk)["send_confirmation"] == at(7, 2, 30)

    desk.talk(
        "send_confirmation",
        order_number=number,
        channel="fax",
        recipient="张经理",
        proof_read=True,
        received_clearly=True,
    )

    assert set(due_times(desk)) == {"verify_sign_back"}
    assert desk.state("select kind, state, outcome from task order by kind") == [
        ("first_reply", "done", "confirmation sent"),
        ("reply_due", "done", "confirmation sent"),
    ]


def test_the_clock_of_a_made_order_runs_to_its_last_statement(desk: Desk, days: Days) -> None:
    number = desk.new_order()["number"]
    assert _due_of(desk, number) is not None
    desk.state_all_made(number)
    assert _due_of(desk, number) is None
    assert due_times(desk, SUPERVISOR)["sign_approval"] == datetime.combine(
        date.fromisoformat(desk.order(number)["customer_due"]),
        time(9, 30),
        UTC,
    )


@pytest.mark.parametrize("why", ["expired", "signed_against", "submitted_again"])
def test_what_is_to_be_stated_again_has_the_whole_time_for_it(
    desk: Desk, days: Days, why: str
) -> None:
    """Nothing urgent stands last for want of a time."""
    number = desk.new_order()["number"]
    desk.state_all_made(number, valid_until={"technique": MONDAY.date()})
    days.be(1, 1)

    if why == "expired":
        with desk.store.work() as work:
            assert by_the_clock.reopen_expired_gates(work) == 1
    elif why == "submitted_again":
        back(desk, number)
        assert _due_of(desk, number) is None
        resubmitted(desk, number)
    else:
        state(desk, number, "material", 1, verdict="short")

    assert _due_of(desk, number).replace(second=0, microsecond=0) == at(1, 5)


def test_a_change_the_customer_wants_starts_the_clock_anew(desk: Desk, days: Days) -> None:
    number = desk.sent_order()["number"]
    assert _due_of(desk, number) is None
    days.be(1, 1)
    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="customer_request",
    )
    assert due_times(desk)["submit"] == at(1, 5)


def _due_of(desk: Desk, number: str) -> Any:
    with desk.store.work() as work:
        return orders.order_by_number(work, number).confirmation_due_at


def test_due_times_go_by_the_calendar_that_was_entered(desk: Desk, days: Days) -> None:
    """X9: the Tuesday is a holiday, the Saturday before was worked for it."""
    entered = {"2027": {"2027-03-09": False, "2027-03-06": True}}
    enter(desk, calendar=entered)
    days.be(-2, 7, 30)  # two hours before work ends on that Saturday
    number = desk.new_order(lines=STOCK)["number"]
    assert due_times(desk, SUPERVISOR) == {"sign_approval": at(0, 2, 30)}
    days.be(0, 9)  # half an hour before work ends on the Monday
    anomaly(desk, number)
    assert due_times(desk)["anomaly"] == at(2, 4)


def test_the_entered_calendar_says_when_an_owed_sign_back_is_due(
    desk: Desk, days: Days, neighbours: Neighbours
) -> None:
    enter(desk, calendar={"2027": {"2027-03-09": False}})
    neighbours.answer("customers.get_terms", GRADE_A)
    number = desk.sent_order()["number"]
    desk.talk("confirm_by_grade", order_number=number)
    assert due_times(desk, SALES)["return_owed"] == at(4, 9, 30)


# -- on hold -------------------------------------------------------------------------------------


def test_a_hold_stops_every_clock_of_the_order(
    desk: Desk, days: Days, neighbours: Neighbours
) -> None:
    """Three hours were left of the confirmation's four and of the anomaly's."""
    number = desk.new_order(lines=STOCK)["number"]
    anomaly(desk, number)
    days.be(0, 2)
    held(desk, number)
    days.be(3, 1)
    escalate(desk)
    assert due_times(desk) == {"anomaly": None}

    resumed(desk, number)

    assert owner(desk) == ("clerk",)
    assert due_times(desk)["anomaly"] == at(3, 4)
    assert due_times(desk, SUPERVISOR)["sign_approval"] == at(3, 4)


def test_what_was_opened_during_a_hold_has_its_own_time_when_the_order_goes_on(
    desk: Desk, days: Days
) -> None:
    """Not what would have been left of it when the hold began."""
    number = desk.new_order(submit=False)["number"]
    days.be(0, 2)
    held(desk, number)
    days.be(2, 2)
    anomaly(desk, number)
    change: dict[str, Any] = {"special_requirements": "", "reason": "correction"}
    desk.do(commands.ChangeOrder, drafting.change_order, order_number=number, **change)
    days.be(3, 1)

    resumed(desk, number)

    assert due_times(desk)["anomaly"] == at(3, 5)
    assert due_times(desk, SALES)["missing_fields"] == at(3, 5)


def test_what_is_sent_back_to_draft_on_hold_has_its_whole_time_from_the_resume_on(
    desk: Desk, days: Days
) -> None:
    number = desk.sent_order()["number"]
    held(desk, number)
    days.be(1, 1)
    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="customer_request",
    )
    days.be(2, 1)

    resumed(desk, number)

    assert due_times(desk)["submit"] == at(2, 5)


def test_what_was_late_at_the_hold_stays_as_late_as_it_was(desk: Desk, days: Days) -> None:
    number = desk.new_order(lines=STOCK)["number"]
    days.be(1, 1)
    held(desk, number)
    days.be(3, 1)
    resumed(desk, number)
    assert due_times(desk, SUPERVISOR)["sign_approval"] == at(0, 5)


def test_an_owed_sign_back_is_not_late_while_on_hold(
    desk: Desk, days: Days, neighbours: Neighbours
) -> None:
    neighbours.answer("customers.get_terms", GRADE_A)
    number = desk.sent_order()["number"]
    desk.talk("confirm_by_grade", order_number=number)
    held(desk, number)
    days.be(7, 1)
    with desk.store.work() as work:
        assert by_the_clock.report_late_returns(work) == 0
    resumed(desk, number)
    assert due_times(desk, SALES)["return_owed"] > at(7, 1)  # type: ignore[operator]


# -- anomalies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("priority", "moment", "roles"),
    [
        (Priority.NORMAL, (0, 4, 59), ("clerk",)),
        (Priority.NORMAL, (0, 5), ("sales",)),
        (Priority.NORMAL, (0, 9, 1), ("supervisor",)),
        (Priority.NORMAL, (1, 4, 1), ("director",)),
        (Priority.NORMAL, (4, 1), ("director",)),
        (Priority.URGENT, (0, 2), ("sales",)),
        (Priority.URGENT, (0, 4), ("director",)),
    ],
)
def test_an_anomaly_is_where_its_age_puts_it_however_late_anybody_looks(
    desk: Desk,
    days: Days,
    priority: Priority,
    moment: tuple[int, ...],
    roles: tuple[str, ...],
) -> None:
    """O30: four working hours a step, urgent one."""
    number = desk.new_order(lines=STOCK)["number"]
    days.be(0, 1)
    anomaly(desk, number, priority)
    days.be(*moment)
    with desk.store.work() as work:
        work.now += timedelta(seconds=20)  # what the steps above took
        anomalies.escalate_due(work)
    assert owner(desk) == roles


def test_each_climb_is_logged(desk: Desk, days: Days) -> None:
    number = desk.new_order(lines=STOCK)["number"]
    anomaly(desk, number)
    days.be(0, 6)
    escalate(desk)
    escalate(desk)
    assert desk.state(
        "select entity_id, person_id, changes from change_log where action = 'escalate_anomaly'"
    ) == [(number, "system", {"owner": ["clerk", "sales"]})]


def test_only_open_anomalies_are_listed_for_all_orders(desk: Desk) -> None:
    number = desk.new_order(lines=STOCK)["number"]
    for _ in range(2):
        anomaly(desk, number)
    with desk.store.work(CLERK) as work:
        (first, _), _ = tasks.search_anomalies(work, None, after=None, limit=5)
        anomalies.resolve_anomaly(work, {"anomaly_id": first.id, "remedy": "done"})
    with desk.store.work(CLERK) as work:
        order = orders.order_by_number(work, number)
        assert len(tasks.search_anomalies(work, None, after=None, limit=5)[0]) == 1
        assert len(tasks.search_anomalies(work, order.id, after=None, limit=5)[0]) == 2


def test_an_open_anomaly_that_the_system_raised_takes_a_temporary_measure(desk: Desk) -> None:
    """O30: each is in the log; once there is a remedy there is none."""
    number = desk.new_order(lines=STOCK)["number"]
    anomaly(desk, number)
    (found,) = desk.state("select id from anomaly")

    def take(measure: str) -> None:
        body = {"anomaly_id": str(found.id), "temporary_measure": measure}
        with desk.store.work(CLERK) as work:
            anomalies.take_measure(work, load(commands.TakeMeasure(), body))

    take("先停发")
    take("换车")
    with desk.store.work(CLERK) as work:
        anomalies.resolve_anomaly(work, {"anomaly_id": found.id, "remedy": "done"})

    with pytest.raises(IllegalMove):
        take("晚了")
    assert desk.state("select temporary_measure from anomaly") == [("换车",)]
    logged = desk.state(
        "select changes -> 'temporary_measure' as said from change_log"
        " where action = 'take_measure' order by id"
    )
    assert [row.said for row in logged] == [[None, "先停发"], ["先停发", "换车"]]


def test_a_late_sign_back_is_the_salespersons_anomaly(
    desk: Desk, days: Days, neighbours: Neighbours
) -> None:
    neighbours.answer("customers.get_terms", GRADE_A)
    number = desk.sent_order()["number"]
    desk.talk("confirm_by_grade", order_number=number)
    days.be(4, 1)
    with desk.store.work() as work:
        assert by_the_clock.report_late_returns(work) == 1
    assert owner(desk) == ("sales",)


# -- what is owed ends by what happens -------------------------------------------------------------


def finish(desk: Desk, kind: str, who: Any = CLERK) -> None:
    (row,) = desk.state(f"select id from task where kind = '{kind}' and state = 'open'")
    request = {"task_id": row.id, "outcome": "done"}
    with desk.store.work(who) as work:
        ending.finish_task(work, request)


def test_nobody_finishes_an_owed_sign_back_by_hand(desk: Desk, neighbours: Neighbours) -> None:
    neighbours.answer("customers.get_terms", GRADE_A)
    number = desk.sent_order()["number"]
    desk.talk("confirm_by_grade", order_number=number)
    with pytest.raises(EndsByItself) as refused:
        finish(desk, "return_owed", SALES)
    assert refused.value.message_zh == (
        f"“待补传：订单 {number} 的签章确认书”须以回传件核验通过了结，不能手工完成。"
    )
    desk.talk("verify_sign_back", order_number=number, **SIGNED)
    assert desk.state("select kind, state from task") == [("return_owed", "done")]


def test_what_is_put_to_the_supervisor_no_clerk_takes_off_the_list(desk: Desk) -> None:
    number = desk.new_order(submit=False)["number"]
    wish = {"order_number": number, "reason": "customer_request"}
    desk.do(commands.RequestCancel, ending.wish_cancel, **wish)
    with pytest.raises(RoleNeeded):
        finish(desk, "cancel_wish", CLERK)
    finish(desk, "cancel_wish", SUPERVISOR)
    assert desk.state("select kind, state from task") == [("cancel_wish", "done")]


def test_an_oral_orders_paper_is_owed_until_it_comes_and_blocks_the_closing(
    desk: Desk, days: Days, neighbours: Neighbours
) -> None:
    """O3."""
    taken = desk.do(
        commands.TakeMemo,
        drafting.take_memo,
        SALES,
        channel="sales",
        asked_by="张经理",
        wish="标签 100",
        reply_by=at(0, 5).isoformat(),
        paper_owed=True,
    )
    number = taken["number"]
    # Taken on the Monday, so by the end of Tuesday's work.
    assert due_times(desk, SALES)["paper_owed"] == at(1, 9, 30)
    assert desk.state("select role, person_id from task where kind = 'paper_owed'") == [
        ("sales", SALES.person_id)
    ]
    _fulfil(desk, number)
    paid = {"paid_in_full": True, "balance": "0.00", "invoiced": True}
    neighbours.answer("customers.get_order_money", {"money": paid})
    neighbours.answer("shipping.list_owed", {"items": []})
    with pytest.raises(NotAllOwedSettled):
        desk.talk("close", FINANCE, order_number=number)

    finish(desk, "paper_owed", SALES)

    assert desk.talk("close", FINANCE, order_number=number)["paper_owed"] is False


def _fulfil(desk: Desk, number: str) -> None:
    body: dict[str, Any] = {
        "customer_code": "C-B",
        "order_type": "ship",
        "consignee": {"name": "张三", "phone": "13800008888", "address": "杭州市西湖区1号"},
        "delivery_method": "door",
        "customer_due": "2099-01-01",
        "special_requirements": "无",
        "lines": STOCK,
    }
    desk.do(commands.DraftOrder, drafting.draft_order, order_number=number, **body)
    desk.talk("submit", order_number=number, key_data_checked=True)
    desk.do(
        commands.SignApproval,
        reviewing.sign_approval,
        DIRECTOR,
        order_number=number,
        verdict="passed",
        text="ok",
    )
    desk.talk(
        "send_confirmation",
        order_number=number,
        channel="fax",
        recipient="张经理",
        proof_read=True,
    )
    order = desk.talk("verify_sign_back", order_number=number, **SIGNED)
    line = {"line_id": order["lines"][0]["id"], "quantity": "100", "signed_quantity": "100"}
    shipment = {"id": order["id"], "order_id": order["id"], "number": "S-1", "state": "signed"}
    desk.hear_of_shipment("shipment_signed", {**shipment, "lines": [line]}, 9)


# -- expiry, to the day ----------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "expired"), [(6, 0), (7, 1)])
def test_a_draft_that_holds_something_expires_on_the_seventh_day_untouched(
    desk: Desk, days: Days, day: int, expired: int
) -> None:
    """By calendar days, like an unsigned confirmation: touched late on a day counts as that day."""
    number = desk.approved_order(lines=STOCK)["number"]
    days.be(0, 9)
    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="customer_request",
    )
    slot = days.be(day - 1, 16, 30)  # 00:30 in Shanghai
    with desk.store.work() as work:
        assert by_the_clock.expire_orders(work, slot) == expired


def test_a_draft_that_is_put_on_hold_while_others_expire_keeps_what_it_holds(
    desk: Desk, days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job has found it and not locked it yet."""
    number = desk.approved_order(lines=STOCK)["number"]
    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="customer_request",
    )
    slot = days.be(9, 16, 30)
    find = orders.ids_of_drafts_to_expire

    def find_and_be_late(*asked: Any) -> Any:
        found = find(*asked)
        held(desk, number)
        return found

    monkeypatch.setattr(orders, "ids_of_drafts_to_expire", find_and_be_late)
    with desk.store.work() as work:
        assert by_the_clock.expire_orders(work, slot) == 0

    assert desk.order(number)["gates"] != []
    assert "order_expired" not in desk.announced()


def test_neither_a_held_draft_nor_one_that_holds_nothing_expires(desk: Desk, days: Days) -> None:
    desk.new_order(submit=False)
    number = desk.approved_order(lines=STOCK)["number"]
    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        order_number=number,
        reason="customer_request",
    )
    held(desk, number)
    slot = days.be(20, 16, 30)
    with desk.store.work() as work:
        assert by_the_clock.expire_orders(work, slot) == 0
    resumed(desk, number)
    with desk.store.work() as work:
        assert by_the_clock.expire_orders(work, days.be(26, 16, 30)) == 0
    with desk.store.work() as work:
        assert by_the_clock.expire_orders(work, days.be(27, 16, 30)) == 1


# -- the slide -------------------------------------------------------------------------------------


def test_a_day_off_is_not_announced_where_only_working_days_count(desk: Desk, days: Days) -> None:
    """O23."""
    enter(desk, slide_in_working_days=True, calendar={"2027": {"2027-03-09": False}})
    number = desk.sent_order()["number"]
    told = []
    for day in (1, 2):
        slot = days.be(day, -8, 10)
        with desk.store.work() as work:
            told.append(by_the_clock.announce_slides(work, slot))
    assert told == [0, 1]
    assert desk.order(number)["slid_days"] == 1


def test_a_promise_said_during_the_slide_is_kept_to_the_day(desk: Desk, days: Days) -> None:
    """O20: relaxed with the salesperson's consent only."""
    number = desk.sent_order()["number"]
    days.be(3, 1)
    later = desk.order(number)["customer_due"]
    with pytest.raises(Conflict) as refused:
        desk.do(
            commands.PromiseDate,
            confirming.promise_date,
            order_number=number,
            customer_due=(date.fromisoformat(later) + timedelta(days=1)).isoformat(),
            reason="production",
        )
    assert refused.value.code == "consent_missing"
