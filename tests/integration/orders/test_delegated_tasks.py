"""Tasks that a clerk is named to see to (O4)."""

from typing import Any

import pytest

from chassis.commands import load
from chassis.errors import GendanError, RoleNeeded
from chassis.principal import Principal
from services.orders.domain.errors import DecisionNotDelegated, HolderNeeded, TaskNotFound
from services.orders.schemas import commands
from services.orders.use_cases import drafting, ending
from tests.integration.orders.desk import CLERK, OTHER_SALES, SALES, SUPERVISOR, Desk
from tests.integration.orders.test_what_reaches_an_order import work_of

OTHER_CLERK = Principal("clerk-2", "Xu Fang", frozenset({"clerk"}))


def delegate(desk: Desk, kind: str, who: Principal, to: Principal = CLERK) -> None:
    (task,) = desk.state(f"select id from task where kind = '{kind}' and state = 'open'")
    body = {"task_id": str(task.id), "clerk_id": to.person_id, "clerk_name": to.name}
    request = load(commands.DelegateTask(), body)
    with desk.store.work(who) as work:
        ending.delegate_task(work, request)


def calls_of(desk: Desk, who: Principal) -> int:
    return work_of(desk, who).count("missing_fields")


def incomplete(desk: Desk) -> str:
    number: str = desk.new_order(submit=False, consignee={"name": "张三"})["number"]
    return number


@pytest.mark.parametrize("who", [SALES, SUPERVISOR])
def test_a_delegated_task_stands_in_that_clerks_list_alone(desk: Desk, who: Principal) -> None:
    """O4: 销售员或其委托的开单员."""
    number = incomplete(desk)
    assert [calls_of(desk, one) for one in (SALES, CLERK, OTHER_CLERK)] == [1, 0, 0]

    delegate(desk, "missing_fields", who)

    assert [calls_of(desk, one) for one in (SALES, CLERK, OTHER_CLERK)] == [0, 1, 0]
    assert desk.state(
        "select entity_id, person_id, changes from change_log"
        " where action = 'delegate_missing_fields'"
    ) == [(number, who.person_id, {"person": [SALES.person_id, CLERK.person_id]})]
    ((delegated,),) = desk.state("select details->'delegated' from task")
    assert (delegated["by"], delegated["to_name"]) == (who.person_id, CLERK.name)


def test_a_clerk_who_is_to_call_goes_on_when_something_else_is_missing(desk: Desk) -> None:
    """O4."""
    number = incomplete(desk)
    delegate(desk, "missing_fields", SALES)

    body: dict[str, Any] = {"consignee": {"phone": "13800008888"}}
    desk.do(commands.ChangeOrder, drafting.change_order, order_number=number, **body)

    assert [calls_of(desk, one) for one in (SALES, CLERK)] == [0, 1]
    delegate(desk, "missing_fields", CLERK, OTHER_CLERK)
    assert [calls_of(desk, one) for one in (CLERK, OTHER_CLERK)] == [0, 1]


def test_who_delegated_a_task_hands_it_to_another_clerk(desk: Desk) -> None:
    incomplete(desk)
    delegate(desk, "missing_fields", SALES)

    delegate(desk, "missing_fields", SALES, OTHER_CLERK)

    assert [calls_of(desk, one) for one in (CLERK, OTHER_CLERK)] == [0, 1]


@pytest.mark.parametrize(
    ("kind", "who", "refusal"),
    [
        ("missing_fields", CLERK, HolderNeeded),
        ("missing_fields", OTHER_SALES, TaskNotFound),
        ("cancel_wish", SUPERVISOR, DecisionNotDelegated),
    ],
)
def test_only_who_has_a_task_or_the_supervisor_hands_it_on_and_nobody_a_decision(
    desk: Desk, kind: str, who: Principal, refusal: type[GendanError]
) -> None:
    number = incomplete(desk)
    desk.do(
        commands.RequestCancel,
        ending.wish_cancel,
        order_number=number,
        reason="customer_request",
    )
    before = desk.state("select id, role, person_id from task order by id")
    (task,) = desk.state(f"select id, title_zh from task where kind = '{kind}'")

    with pytest.raises(refusal) as refused:
        delegate(desk, kind, who)

    said = refusal.zh.format(title=task.title_zh, task_id=task.id)
    assert refused.value.message_zh == said
    assert desk.state("select id, role, person_id from task order by id") == before
    assert desk.state("select count(*) from change_log where action like 'delegate%%'") == [(0,)]


def test_whose_task_it_is_now_is_told_once_to_who_gave_it_away(desk: Desk) -> None:
    incomplete(desk)
    delegate(desk, "missing_fields", SALES)
    ((task,),) = desk.state("select id from task where kind = 'missing_fields'")
    request = load(commands.FinishTask(), {"task_id": str(task), "outcome": "已致电"})

    with pytest.raises(RoleNeeded) as refused, desk.store.work(SALES) as work:
        ending.finish_task(work, request)

    assert refused.value.details["roles"] == "clerk, supervisor"
