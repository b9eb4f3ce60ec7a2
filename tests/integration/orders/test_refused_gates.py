"""What follows when a gate is signed against: who is told, and how it goes on."""

from datetime import datetime
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from chassis.principal import Principal
from deploy.local.databases import migrations_of
from services.orders import pages
from services.orders.domain.errors import TaskNotFound
from services.orders.schemas import commands
from services.orders.use_cases import by_the_clock, drafting, ending, progress, reviewing
from tests.integration.orders.desk import (
    CLERK,
    CUSTOMER,
    DIRECTOR,
    SALES,
    SUPERVISOR,
    Desk,
)
from tests.integration.orders.test_on_hold import STOCK
from tests.integration.orders.test_what_reaches_an_order import state, verdicts, work_of

TASKS = "select details->>'gate' as gate, role, person_id, state from task order by opened_at"


def sign(desk: Desk, number: str, verdict: str, text: str = "毛利太低") -> None:
    desk.do(
        commands.SignApproval,
        reviewing.sign_approval,
        SUPERVISOR,
        order_number=number,
        verdict=verdict,
        text=text,
    )


def return_to_draft(desk: Desk, number: str, who: Principal = SALES) -> None:
    desk.do(
        commands.ReturnToDraft,
        drafting.return_to_draft,
        who,
        order_number=number,
        reason="price",
    )


def another_task(desk: Desk, kind: str) -> None:
    with desk.store.work() as work:
        work.session.connection().exec_driver_sql(
            "insert into task (id, order_id, kind, role, title, title_zh, details, state,"
            " opened_at) select gen_random_uuid(), order_id, %s, role, title, title_zh, details,"
            " state, opened_at from task limit 1",
            (kind,),
        )


def next_of(desk: Desk, number: str) -> dict[str, Any]:
    asked = {"order_id": None, "order_number": number}
    step: dict[str, Any] = desk.store.read(CLERK, lambda work: pages.get_order(work, asked))["next"]
    return step


def test_a_refused_approval_is_told_to_the_salesperson_and_waits_for_no_approver(
    desk: Desk,
) -> None:
    """O12: 可退回."""
    number = desk.new_order(lines=STOCK)["number"]
    assert "sign_approval" in work_of(desk, SUPERVISOR)

    sign(desk, number, "refused")

    (item,) = desk.store.read(SALES, lambda work: pages.list_work(work, {"limit": 10}))
    assert (item["kind"], item["title_zh"]) == (
        "gate_refused",
        f"订单 {number} 审批不通过：毛利太低",
    )
    assert work_of(desk, SUPERVISOR) == work_of(desk, DIRECTOR) == []
    assert next_of(desk, number) == {
        "verb": "return_to_draft",
        "who": ["sales"],
        "text_zh": "审批不通过，待与客户商定、退回草稿",
    }


def test_what_was_told_of_a_refusal_ends_when_the_order_is_submitted_again(desk: Desk) -> None:
    """O12."""
    number = desk.new_order(lines=STOCK)["number"]
    sign(desk, number, "refused")
    return_to_draft(desk, number)
    assert desk.state(TASKS) == [("approval", "sales", "sales-1", "open")]

    desk.talk("submit", order_number=number, key_data_checked=True)

    assert desk.state(TASKS) == [("approval", "sales", "sales-1", "done")]
    assert work_of(desk, SUPERVISOR) == ["sign_approval"]


def test_what_was_told_of_a_gate_that_is_no_more_is_no_longer_needed(desk: Desk) -> None:
    number = desk.new_order()["number"]
    state(desk, number, "technique", 1, verdict="refused")
    return_to_draft(desk, number)
    lines: dict[str, Any] = {"reason": "correction", "lines": STOCK}
    desk.do(commands.ChangeOrder, drafting.change_order, order_number=number, **lines)

    desk.talk("submit", order_number=number, key_data_checked=True)

    assert desk.state("select state, outcome from task") == [("done", "no longer needed")]


@pytest.mark.parametrize("end", ["passed", "cancelled"])
def test_what_was_told_of_a_refusal_ends_with_it(desk: Desk, end: str) -> None:
    """O12: the superior thinks better of it, or the order is given up."""
    number = desk.new_order(lines=STOCK)["number"]
    sign(desk, number, "refused")

    if end == "passed":
        sign(desk, number, "passed")
    else:
        desk.talk("cancel", SUPERVISOR, order_number=number, reason="other")

    ended = {"passed": "done", "cancelled": "dropped"}[end]
    assert desk.state(TASKS) == [("approval", "sales", "sales-1", ended)]


def test_without_a_salesperson_a_refusal_is_the_clerks(desk: Desk) -> None:
    with desk.store.work() as work:
        progress.take_customer(work, {**CUSTOMER, "salesperson_id": None}, 2)
    number = desk.new_order(lines=STOCK)["number"]

    sign(desk, number, "refused")

    assert work_of(desk, CLERK) == ["gate_refused"]
    assert next_of(desk, number)["who"] == ["supervisor", "director"]


def test_a_refused_technique_is_told_with_the_alternative_until_it_passes(desk: Desk) -> None:
    """O14: 告知销售员, 建议方案; and ends by the customer's written insistence."""
    number = desk.new_order()["number"]

    state(desk, number, "technique", 1, verdict="refused", text="做不到", reference="改用65克纸")

    ((title, details),) = desk.state("select title_zh, details from task where state = 'open'")
    assert title == f"订单 {number} 技术不通过：做不到 / 改用65克纸"
    assert (details["text"], details["reference"]) == ("做不到", "改用65克纸")
    assert work_of(desk, SALES) == ["gate_refused"]
    assert next_of(desk, number)["verb"] == "return_to_draft"
    state(desk, number, "technique", 2, basis="written_insistence")
    assert desk.state(TASKS) == [("technique", "sales", "sales-1", "done")]
    assert next_of(desk, number)["verb"] == "sign_material"


def test_short_material_is_told_with_the_day_it_arrives_until_it_is_signed(desk: Desk) -> None:
    """O16: each statement anew, instead of the one before."""
    number = desk.new_order()["number"]
    state(desk, number, "technique", 1)
    for second, day in ((2, "2099-02-01"), (3, "2099-03-01")):
        state(desk, number, "material", second, verdict="short", material_date=day)

    assert desk.state(
        "select state, details->>'material_date' as day from task order by opened_at"
    ) == [("done", "2099-02-01"), ("open", "2099-03-01")]
    assert next_of(desk, number)["who"] == ["technician", "sales"]
    state(desk, number, "material", 4)
    assert work_of(desk, SALES) == []


def test_a_statement_that_is_overtaken_is_taken_once_a_gate_was_refused(desk: Desk) -> None:
    number = desk.new_order()["number"]
    state(desk, number, "technique", 1, verdict="refused")
    state(desk, number, "material", 3)

    state(desk, number, "technique", 2)

    assert desk.state(TASKS) == [("technique", "sales", "sales-1", "done")]
    assert next_of(desk, number)["verb"] == "sign_schedule"


def test_a_shortage_signed_anew_below_a_schedule_that_overtook_it_is_told_once(desk: Desk) -> None:
    number = desk.new_order()["number"]
    state(desk, number, "technique", 1)
    state(desk, number, "material", 2, verdict="short", material_date="2099-02-01")
    state(desk, number, "schedule", 5, production_due="2099-03-01")

    state(desk, number, "material", 4, verdict="short", material_date="2099-02-15")

    assert desk.state(
        "select state, details->>'material_date' as day from task order by opened_at"
    ) == [("done", "2099-02-01"), ("open", "2099-02-15")]
    assert verdicts(desk, number)["schedule"] == "passed"


def test_a_refusal_that_a_salesperson_has_seen_to_is_not_told_by_other_gates(desk: Desk) -> None:
    number = desk.new_order()["number"]
    state(desk, number, "technique", 1)
    state(desk, number, "material", 2, verdict="short", material_date="2099-02-01")
    with desk.store.work() as work:
        work.session.connection().exec_driver_sql("update task set state = 'done'")

    state(desk, number, "schedule", 3, production_due="2099-03-01")

    assert work_of(desk, SALES) == []


def test_a_refusal_ends_when_the_order_expires(desk: Desk) -> None:
    number = desk.new_order(lines=STOCK)["number"]
    sign(desk, number, "refused")
    return_to_draft(desk, number)
    with desk.store.work() as work:
        work.session.connection().exec_driver_sql(
            "update \"order\" set touched_at = touched_at - interval '30 days'"
        )

    with desk.store.work() as work:
        assert by_the_clock.expire_orders(work, work.now) == 1

    assert work_of(desk, SALES) == ["expired"]


def test_a_kind_of_task_that_only_the_next_release_knows_is_passed_by(desk: Desk) -> None:
    number = desk.new_order(lines=STOCK)["number"]
    sign(desk, number, "refused")
    another_task(desk, "of_the_next_release")

    asked = {"order_id": None, "order_number": number}
    (item,) = desk.store.read(CLERK, lambda work: pages.list_tasks(work, asked))
    assert item["kind"] == "gate_refused"
    ((task_id,),) = desk.state("select id from task where kind = 'of_the_next_release'")
    with desk.store.work(CLERK) as work, pytest.raises(TaskNotFound):
        ending.finish_task(work, {"task_id": task_id, "outcome": None})
    cancelled = desk.talk("cancel", SUPERVISOR, order_number=number, reason="other")

    assert cancelled["stage"] == "cancelled"
    assert desk.state("select kind, state from task order by kind") == [
        ("gate_refused", "dropped"),
        ("of_the_next_release", "open"),
    ]


def test_what_was_refused_before_refusals_were_told_is_told_by_the_upgrade(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O12: it has left the approvers' list, so somebody else must have it."""
    number = desk.new_order(lines=STOCK)["number"]
    sign(desk, number, "refused")
    for kind in ("received_clearly", "tell_trouble", "arrived", "money_met"):
        another_task(desk, kind)
    told = "select kind, role, person_id, title, title_zh, details, state from task"
    before = desk.state(f"{told} where kind = 'gate_refused'")
    engine = desk.store.engine
    monkeypatch.setenv("GENDAN_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    migrations = Config()
    migrations.set_main_option("script_location", str(migrations_of("orders")))

    command.downgrade(migrations, "0018")
    assert desk.state(told) == []
    command.upgrade(migrations, "0019")

    ((*said, details, state),) = desk.state(told)
    ((*said_before, details_before, state_before),) = before
    assert (said, state) == (said_before, state_before)
    for each in (details, details_before):
        each["signed_at"] = datetime.fromisoformat(each["signed_at"])
    assert details == details_before
    sign(desk, number, "passed")
    assert desk.state(TASKS) == [("approval", "sales", "sales-1", "done")]
