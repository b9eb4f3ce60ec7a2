"""What comes after the fact: statements signed anew, receipts, other salespeople, money."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis import clock
from chassis.commands import load
from chassis.database import Work
from chassis.errors import Conflict, GendanError
from chassis.principal import Principal
from services.orders import pages
from services.orders.domain.anomaly import AnomalyClass, Priority, Topic
from services.orders.domain.errors import MoneyNeeded, SchemeNotFound
from services.orders.schemas import commands
from services.orders.storage import copies, orders, prices, tasks
from services.orders.storage.orders import CursorNotOurs
from services.orders.use_cases import (
    actions,
    anomalies,
    drafting,
    progress,
    reviewing,
)
from tests.integration.orders.desk import (
    CLERK,
    CUSTOMER,
    DIRECTOR,
    OTHER_SALES,
    PASSED,
    SALES,
    SUPERVISOR,
    Desk,
    Neighbours,
)
from tests.integration.orders.test_confirmation import SIGNED
from tests.integration.orders.test_looking import MEMO, found
from tests.statements import copy_rows, statements

TODAY = clock.business_date(clock.business_now())


def due(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def state(desk: Desk, number: str, kind: str, second: int, **changes: Any) -> None:
    order = desk.order(number)
    statement = {
        "order_id": order["id"],
        "kind": kind,
        "revision": order["revision"],
        "verdict": "passed",
        "text": f"{kind} at {second}",
        "signer_id": "t-1",
        "signer_name": "Technician",
        "signed_at": f"2099-01-01T00:00:{second:02d}+00:00",
        **changes,
    }
    with desk.store.work() as work:
        reviewing.take_statement(work, statement)


def verdicts(desk: Desk, number: str) -> dict[str, str]:
    return {gate["kind"]: gate["verdict"] for gate in desk.order(number)["gates"]}


def test_a_schedule_signed_anew_gives_the_lines_their_new_dates(desk: Desk) -> None:
    number = desk.new_order()["number"]
    desk.state_all_made(number)
    line_id = desk.order(number)["lines"][0]["id"]
    line = {"line_id": line_id, "production_due": due(22)}

    state(desk, number, "schedule", 1, production_due=due(24), lines=[line])

    order = desk.order(number)
    assert (order["production_due"], order["lines"][0]["production_due"]) == (due(24), due(22))
    assert desk.announced()[-1] == "order_changed"


def test_a_date_signed_just_after_approval_is_taken_over_and_a_late_one_raises_an_anomaly(
    desk: Desk,
) -> None:
    number = desk.approved_order()["number"]
    state(desk, number, "schedule", 1, production_due=due(25))
    assert (desk.order(number)["stage"], desk.order(number)["production_due"]) == (
        "approved",
        due(25),
    )
    assert desk.state("select count(*) from anomaly") == [(0,)]

    state(desk, number, "schedule", 2, production_due=due(35))

    promised = desk.order(number)["customer_due"]
    text_zh = f"订单 {number} 的排产说明在审核后变更：成品 {due(35)}，客户交期 {promised}。"
    assert desk.state("select cause, topic, told_all, text_zh from anomaly") == [
        ("production", "delay", True, text_zh)
    ]


def test_a_new_material_statement_reopens_the_schedule_until_it_is_signed_again(
    desk: Desk,
) -> None:
    number = desk.new_order()["number"]
    desk.state_all_made(number)
    state(desk, number, "material", 1, verdict="short")
    assert verdicts(desk, number)["schedule"] == "pending"
    assert verdicts(desk, number)["material"] == "short"

    state(desk, number, "material", 2)
    assert verdicts(desk, number)["schedule"] == "pending"
    state(desk, number, "schedule", 3, production_due=due(21))

    assert verdicts(desk, number)["schedule"] == "passed"
    waits = [gate["kind"] for gate in desk.order(number)["gates"] if gate["is_open"]]
    assert waits == ["approval"]
    assert desk.state(
        "select action, changes from change_log where action = 'state_material' order by id"
    )[-1] == ("state_material", {"material": ["short", "passed"]})


def test_the_same_statement_again_changes_nothing(desk: Desk) -> None:
    number = desk.new_order()["number"]
    state(desk, number, "technique", 1)
    before = desk.announced()
    state(desk, number, "technique", 1)
    assert desk.announced() == before


def shipment(order: dict[str, Any], signed: str, sequence: int) -> dict[str, Any]:
    line = {"line_id": order["lines"][0]["id"], "quantity": "1000", "signed_quantity": signed}
    return {
        "id": "44444444-4444-4444-8444-444444444444",
        "order_id": order["id"],
        "number": "S-1",
        "state": "signed",
        "lines": [line],
    }


def test_a_receipt_that_shows_less_corrects_the_line_and_is_told(desk: Desk) -> None:
    order = desk.sent_order()
    desk.talk("verify_sign_back", order_number=order["number"], **SIGNED)
    desk.hear_of_shipment("shipment_signed", shipment(order, "1000", 1), 1)
    desk.hear_of_instruction(
        "goods_stocked",
        {
            "number": "P-1",
            "order_id": order["id"],
            "line_id": order["lines"][0]["id"],
            "state": "stocked",
            "line_produced_quantity": "1000",
            "line_accepted_quantity": "1000",
        },
    )
    assert desk.order(order["number"])["stage"] == "fulfilled"

    desk.hear_of_shipment("receipt_recorded", shipment(order, "990", 2), 2)

    assert desk.order(order["number"])["lines"][0]["signed_quantity"] == "990.000"
    assert desk.state("select cause, topic from anomaly") == [("logistics", "quantity")]


def test_money_reversed_stops_the_next_instruction_because_it_is_asked_at_issue(
    desk: Desk, neighbours: Neighbours
) -> None:
    """SPEC §5: a reversal re-opens the gates of what has not left; shipping withdraws releases."""
    number = desk.sent_order()["number"]
    desk.talk("verify_sign_back", order_number=number, **SIGNED)
    terms = {
        "grade": "B",
        "terms": "deposit_and_balance",
        "instruction_before_sign_back": False,
        "money_needed": "300.00",
        "money_verified": "0.00",
        "money_met": False,
        "credit_stop": False,
    }
    neighbours.answer("customers.check_production_terms", terms)
    with pytest.raises(MoneyNeeded):
        desk.talk("issue_instruction", order_number=number, line_no=1)
    assert desk.order(number)["stage"] == "confirmed"


@pytest.mark.parametrize(
    ("refused_at", "kind", "body"),
    [
        ("customers.check_production_terms", "issue_instruction", {"line_no": 1}),
        ("shipping.block_order", "hold", {"reason": "payment", "note": "待款"}),
        ("inventory.block_order", "hold", {"reason": "payment", "note": "待款"}),
    ],
)
def test_what_others_refuse_leaves_the_order_in_its_version(
    desk: Desk, neighbours: Neighbours, refused_at: str, kind: str, body: dict[str, Any]
) -> None:
    """Nothing changed: another desk's copy of the order is not a stale one."""
    number = desk.sent_order()["number"]
    order = desk.talk("verify_sign_back", order_number=number, **SIGNED)
    neighbours.refuse(refused_at, Conflict(order_number=number))

    with pytest.raises(Conflict):
        desk.talk(kind, order_number=number, expected_version=order["version"], **body)

    assert desk.order(number) == order
    assert desk.state('select busy_with from "order"') == [(None,)]


def test_a_refused_override_leaves_the_order_in_its_version(
    desk: Desk, neighbours: Neighbours
) -> None:
    neighbours.answer("customers.reserve_credit", {**PASSED, "verdict": "held"})
    order = desk.new_order()
    neighbours.refuse("customers.reserve_credit", Conflict())

    with pytest.raises(Conflict):
        desk.talk(
            "override_credit", DIRECTOR, order_number=order["number"], reason="other", text="放行"
        )

    assert desk.order(order["number"])["version"] == order["version"]


def test_orders_follow_their_customer_to_another_salesperson(desk: Desk) -> None:
    order = desk.new_order()
    moved = {**CUSTOMER, "salesperson_id": "sales-2", "salesperson_name": "Zhao Min"}
    with desk.store.work() as work:
        progress.take_customer(work, moved, 2)

    def sees(who: Principal) -> int:
        filters: dict[str, Any] = {"after": None, "limit": 10}
        return desk.store.read(who, lambda work: len(orders.search(work, filters)[0]))

    assert (sees(SALES), sees(OTHER_SALES)) == (0, 1)
    assert desk.order(order["number"])["customer"]["salesperson_name"] == "Zhao Min"
    assert desk.announced()[-1] == "order_handed_over"


def hear_of_customer(desk: Desk, sequence: int, **changes: Any) -> None:
    with desk.store.work() as work:
        progress.take_customer(work, {**CUSTOMER, **changes}, sequence)


def test_an_order_that_is_being_created_follows_its_customer_too(
    desk: Desk, neighbours: Neighbours
) -> None:
    """It is not in the books yet when its customer gets another salesperson and name."""
    changes = {"salesperson_id": "sales-2", "salesperson_name": "Zhao Min", "name": "杭州云栖"}
    neighbours.answer_after(
        "customers.reserve_credit", lambda: hear_of_customer(desk, 2, **changes), PASSED
    )

    order = desk.new_order()

    assert order["customer"]["salesperson_id"] == "sales-2"
    assert desk.order(order["number"])["customer"] == order["customer"]
    assert found(desk, OTHER_SALES, q="云栖") == [order["number"]]


def test_a_handover_waits_for_an_order_that_is_just_being_written_down(desk: Desk) -> None:
    free = "select code from customer_copy for update skip locked"
    with desk.store.work(CLERK) as work:
        copies.customer_by_id(work, UUID(str(CUSTOMER["id"])))
        by_id = desk.state(free)
    with desk.store.work(CLERK) as work:
        copies.about_draft(work, str(CUSTOMER["code"]), [], numbered=False)
        by_code = desk.state(free)
    assert (by_id, by_code) == ([], [])


def test_what_was_not_sent_yet_bears_its_customers_present_name_and_what_was_keeps_it(
    desk: Desk,
) -> None:
    sent = desk.sent_order()["number"]
    open_ones = [
        desk.approved_order()["number"],
        desk.new_order()["number"],
        desk.new_order(submit=False)["number"],
    ]
    before = desk.order(open_ones[0])

    hear_of_customer(desk, 2, name="杭州云栖纸品有限公司")

    assert {desk.order(number)["customer"]["name"] for number in open_ones} == {
        "杭州云栖纸品有限公司"
    }
    assert desk.order(open_ones[0])["version"] == before["version"]
    assert set(found(desk, q="云栖纸品")) == set(open_ones)
    assert set(found(desk, q="0000 云栖")) == set(open_ones)
    assert found(desk, q="西湖纸品") == [sent]
    assert desk.order(sent)["customer"]["name"] == CUSTOMER["name"]


def test_an_orders_anomalies_follow_it_to_another_salesperson(desk: Desk) -> None:
    memo = desk.do(commands.TakeMemo, drafting.take_memo, **MEMO)["number"]
    order = desk.new_order()["number"]
    with desk.store.work(CLERK) as work:
        for number in (memo, order):
            anomalies.open_anomaly(
                work,
                orders.order_by_number(work, number, lock=True),
                cause=AnomalyClass.LOGISTICS,
                topic=Topic.DELAY,
                priority=Priority.NORMAL,
                text=number,
                first="sales",
            )

    def seen_by(who: Principal) -> list[set[str]]:
        def look(work: Work) -> list[set[str]]:
            listed, _ = tasks.search_anomalies(work, None, after=None, limit=10)
            waiting = pages.list_work(work, {"limit": 10})
            return [
                {each.text for each in listed},
                {item["title"] for item in waiting if item["kind"] == "anomaly"},
            ]

        return desk.store.read(who, look)

    assert seen_by(SALES) == [{order}, {order}]
    desk.do(
        commands.DraftOrder,
        drafting.draft_order,
        order_number=memo,
        expected_version=desk.order(memo)["version"],
        customer_code=CUSTOMER["code"],
    )
    # Of the memo, which was nobody's, it is with the clerk until it climbs.
    assert seen_by(SALES) == [{memo, order}, {order}]

    moved = {**CUSTOMER, "salesperson_id": "sales-2", "salesperson_name": "Zhao Min"}
    with desk.store.work() as work:
        progress.take_customer(work, moved, 2)

    assert seen_by(SALES) == [set(), set()]
    assert seen_by(OTHER_SALES) == [{memo, order}, {order}]

    with desk.store.work() as work:
        progress.take_customer(work, {**moved, "salesperson_id": None}, 3)

    assert seen_by(CLERK) == [{memo, order}, {memo, order}]


def test_a_customer_of_many_orders_is_handed_over_some_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "HANDED_OVER_AT_ONCE", 100)
    desk.new_order(submit=False)
    copy_rows(desk.store, "order", 249, number="'X-' || n")
    moved = {**CUSTOMER, "salesperson_id": "sales-2", "salesperson_name": "Zhao Min"}
    told: list[int] = []
    asked: list[int] = []

    def step(happens: Callable[[Work], None]) -> None:
        before = desk.announced().count("order_handed_over")
        with statements(desk.store) as sent:
            with desk.store.work() as work:
                happens(work)
            # The row of each order has its version to be compared.
            asked.append(len([one for one in sent if 'UPDATE "order"' not in one.text]))
        told.append(desk.announced().count("order_handed_over") - before)

    step(lambda work: progress.take_customer(work, moved, 2))
    for _ in range(3):
        step(progress.go_on_handing_over)

    assert told == [100, 100, 50, 0]
    assert max(asked) < 20
    names = desk.state('select distinct salesperson_id, salesperson_name from "order"')
    assert names == [("sales-2", "Zhao Min")]


def test_the_paper_of_an_order_without_a_salesperson_is_the_clerks_until_there_is_one(
    desk: Desk,
) -> None:
    """O3."""

    def owed(who: Principal) -> list[str]:
        items = desk.store.read(who, lambda work: pages.list_work(work, {"limit": 10}))
        return [item["order_number"] for item in items if item["kind"] == "paper_owed"]

    taken = {**MEMO, "paper_owed": True}
    number = desk.do(commands.TakeMemo, drafting.take_memo, **taken)["number"]
    assert owed(CLERK) == [number]
    nobodys = {**CUSTOMER, "salesperson_id": None, "salesperson_name": None}
    with desk.store.work() as work:
        progress.take_customer(work, nobodys, 2)
    body = {"order_number": number, "customer_code": CUSTOMER["code"]}
    desk.do(commands.DraftOrder, drafting.draft_order, **body)
    assert owed(CLERK) == [number]

    with desk.store.work() as work:
        progress.take_customer(work, CUSTOMER, 3)

    assert (owed(CLERK), owed(SALES)) == ([], [number])
    assert desk.state("select kind, role from task order by kind, role") == [
        ("missing_fields", "sales"),
        ("paper_owed", "sales"),
        ("reply_due", "clerk"),
    ]
    at_once = desk.do(commands.TakeMemo, drafting.take_memo, **taken)["number"]
    body = {"order_number": at_once, "customer_code": CUSTOMER["code"]}
    desk.do(commands.DraftOrder, drafting.draft_order, **body)
    assert (owed(CLERK), owed(SALES)) == ([], [number, at_once])


def test_an_open_task_of_the_former_salesperson_goes_to_the_present_one(desk: Desk) -> None:
    desk.new_order(submit=False, consignee={"name": "张三"})

    def waiting(who: Principal) -> list[str]:
        items = desk.store.read(who, lambda work: pages.list_work(work, {"limit": 10}))
        return [item["kind"] for item in items]

    def hand_over(sequence: int, **salesperson: str | None) -> None:
        with desk.store.work() as work:
            progress.take_customer(work, {**CUSTOMER, **salesperson}, sequence)

    assert waiting(SALES) == ["missing_fields"]
    hand_over(2, salesperson_id="sales-2", salesperson_name="Zhao Min")
    assert (waiting(SALES), waiting(OTHER_SALES)) == ([], ["missing_fields"])
    hand_over(3, salesperson_id=None, salesperson_name=None)
    assert waiting(OTHER_SALES) == []
    assert sorted(waiting(CLERK)) == ["missing_fields", "submit"]


def test_a_customers_news_leave_its_orders_in_their_version(desk: Desk) -> None:
    order = desk.new_order()
    moved = {**CUSTOMER, "region": "Far West", "salesperson_name": "Wang Wei-Li"}
    before = desk.announced()
    with desk.store.work() as work:
        progress.take_customer(work, moved, 2)

    seen = desk.order(order["number"])
    told = (seen["customer"]["region"], seen["customer"]["salesperson_name"])
    assert told == ("Far West", "Wang Wei-Li")
    assert seen["version"] == order["version"]
    assert desk.announced() == before


def test_what_another_salespersons_customer_pays_is_not_shown(desk: Desk) -> None:
    """Nor that there is such a scheme; what everybody pays is open to all."""
    desk.scheme("S-OWN", "0.90", product_code="PAPER-70", customer_code=CUSTOMER["code"])
    asked = load(commands.SearchSchemes(), {})

    def seen(who: Principal) -> list[str]:
        found, _ = desk.store.read(who, lambda work: prices.search_schemes(work, asked))
        return [scheme.code for scheme in found]

    everybodys = ["S-LABEL-40", "S-PAPER-70"]
    assert seen(SALES) == seen(CLERK) == [everybodys[0], "S-OWN", everybodys[1]]
    assert seen(OTHER_SALES) == everybodys
    with pytest.raises(SchemeNotFound):
        desk.store.read(OTHER_SALES, lambda work: prices.scheme(work, "S-OWN"))


def work_of(desk: Desk, who: Principal, limit: int = 100) -> list[str]:
    items = desk.store.read(who, lambda work: pages.list_work(work, {"limit": limit}))
    return [item["kind"] for item in items]


def test_a_production_anomaly_is_in_the_work_list_of_the_whole_ladder(desk: Desk) -> None:
    number = desk.new_order()["number"]
    for cause in (AnomalyClass.LOGISTICS, AnomalyClass.PRODUCTION):
        with desk.store.work(CLERK) as work:
            anomalies.open_anomaly(
                work,
                orders.order_by_number(work, number, lock=True),
                cause=cause,
                topic=Topic.DELAY,
                priority=Priority.NORMAL,
                text=str(cause),
            )
    counts = {
        who.name: work_of(desk, who).count("anomaly")
        for who in (CLERK, SALES, SUPERVISOR, DIRECTOR, OTHER_SALES)
    }
    # Sales is told of its own customers' orders only.
    assert counts == {"Li Na": 2, "Wang Wei": 1, "Chen Jie": 1, "Zhou Lei": 1, "Zhao Min": 0}


def test_what_climbs_no_further_is_due_since_it_was_raised(desk: Desk) -> None:
    """Without a time it would stand behind everything, and on a full list not at all."""
    number = desk.new_order()["number"]
    with desk.store.work(CLERK) as work:
        anomalies.open_anomaly(
            work,
            orders.order_by_number(work, number, lock=True),
            cause=AnomalyClass.PRODUCTION,
            topic=Topic.DELAY,
            priority=Priority.NORMAL,
            text="停机",
        )
        raised_at = work.now
    items = desk.store.read(SUPERVISOR, lambda work: pages.list_work(work, {"limit": 100}))
    (anomaly,) = (item for item in items if item["kind"] == "anomaly")
    assert anomaly["due_at"] == raised_at.isoformat()
    assert items[0] == anomaly


def test_what_is_urgent_stands_on_a_short_list(desk: Desk) -> None:
    number = desk.new_order()["number"]
    for priority in (Priority.NORMAL, Priority.NORMAL, Priority.URGENT):
        with desk.store.work(CLERK) as work:
            anomalies.open_anomaly(
                work,
                orders.order_by_number(work, number, lock=True),
                cause=AnomalyClass.PRODUCTION,
                topic=Topic.DELAY,
                priority=priority,
                text=str(priority),
            )
    (item,) = desk.store.read(CLERK, lambda work: pages.list_work(work, {"limit": 1}))
    assert (item["title"], item["roles"]) == (
        "urgent",
        ["clerk", "sales", "supervisor", "director"],
    )


def test_work_of_others_does_not_push_ones_own_off_a_short_list(desk: Desk) -> None:
    waiting = desk.new_order(lines=[{"product_code": "LABEL-40", "quantity": "1"}])["number"]
    for _ in range(3):
        desk.new_order()
    assert work_of(desk, SUPERVISOR, limit=1) == ["sign_approval"]
    assert desk.order(waiting)["stage"] == "in_review"


def test_a_cursor_that_no_page_gave_is_refused(desk: Desk) -> None:
    for cursor in ("nonsense", "é", "' or 1=1"):
        with pytest.raises(CursorNotOurs):
            desk.store.read(
                CLERK,
                lambda work, after=cursor: tasks.search_anomalies(  # type: ignore[misc]
                    work, None, after=after, limit=5
                ),
            )


# -- what is listed as allowed is allowed --------------------------------------------------------

ROLES = ("clerk", "assistant", "supervisor", "sales", "director", "finance", "planner", "warehouse")
SENDING: dict[str, Any] = {"channel": "fax", "recipient": "张经理", "proof_read": True}
WHY = {"reason": "correction"}
# How the bodies of moves are filled in; `own` verbs are led by a conversation of that kind.
BODIES: dict[str, dict[str, Any]] = {
    "submit": {"key_data_checked": True},
    "hold": WHY,
    "resume": WHY,
    "cancel": WHY,
    "close": {},
    "reopen": WHY,
    "confirm_by_grade": {},
    "send_confirmation": SENDING,
    "verify_sign_back": SIGNED,
    "issue_instruction": {"line_no": 1},
}


class Tried(GendanError):
    """A conversation began: it was not refused by orders itself."""


def attempt(desk: Desk, who: Principal, verb: str, number: str) -> str | None:
    """Begin a conversation and take it back; gives the code it was refused by, if it was."""
    kind = desk.talks.kinds[verb]
    body = {"order_number": number, "expected_version": None, **BODIES[verb]}
    request = kind.schema.load(body)
    try:
        with desk.store.work(who) as work:
            kind.begin(work, uuid4(), request)
            raise Tried
    except Tried:
        return None
    except GendanError as refusal:
        return refusal.code


def test_what_is_listed_as_not_allowed_by_the_stage_is_refused_and_the_rest_begins(
    desk: Desk, neighbours: Neighbours
) -> None:
    """Over a walk through the stages, with every role; roles themselves are the gateway's."""
    number = desk.new_order(submit=False)["number"]

    def submit() -> None:
        desk.talk("submit", order_number=number, key_data_checked=True)
        desk.state_all_made(number)

    def approve() -> None:
        request = {"expected_version": None, "attachment": None, "verdict": "passed", "text": "ok"}
        with desk.store.work(SUPERVISOR) as work:
            reviewing.sign_approval(work, {"order_number": number, **request})

    steps: list[Callable[[], Any]] = [
        lambda: None,
        submit,
        approve,
        lambda: desk.talk("send_confirmation", order_number=number, **SENDING),
        lambda: desk.talk("verify_sign_back", order_number=number, **SIGNED),
        lambda: desk.talk("hold", order_number=number, reason="other"),
        lambda: desk.talk("resume", order_number=number, reason="other"),
        lambda: desk.talk("cancel", SUPERVISOR, order_number=number, reason="other"),
    ]
    stages = []
    for step in steps:
        step()
        stages.append(desk.order(number)["stage"])
        for role in ROLES:
            who = CLERK if role == "clerk" else Principal(f"{role}-1", role, frozenset({role}))
            with desk.store.work(who) as work:
                order = orders.order_by_number(work, number)
                listed = {action["verb"]: action for action in actions.list_actions(work, order)}
            for verb in BODIES:
                code, said = attempt(desk, who, verb, number), listed[verb]
                where = (stages[-1], role, verb, code, said["why_not"])
                if said["allowed"]:
                    assert code is None, where
                elif said["why_not"]["code"] != "role_needed":
                    assert code is not None, where
    assert stages == [
        "draft",
        "in_review",
        "approved",
        "awaiting_return",
        "confirmed",
        "confirmed",
        "confirmed",
        "cancelled",
    ]
