"""One order as it is looked at: what is told of it, how, and to whom."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm.exc import UnmappedInstanceError

from chassis import clock
from chassis.principal import SYSTEM, Principal
from services.orders import pages
from services.orders.domain.anomaly import AnomalyClass, Priority, Topic
from services.orders.domain.errors import OrderNotFound
from services.orders.domain.lifecycle import Stage
from services.orders.schemas import commands, views
from services.orders.storage import copies, looked_at, orders
from services.orders.use_cases import anomalies, drafting, past_orders, progress
from tests.integration.orders.desk import (
    CLERK,
    CUSTOMER,
    FINANCE,
    OTHER_SALES,
    SALES,
    SUPERVISOR,
    Desk,
)
from tests.integration.orders.test_confirmation import SIGNED, days_pass
from tests.statements import copy_rows, plans, statements

MEMO: dict[str, Any] = {
    "channel": "phone",
    "asked_by": "张经理",
    "wish": "1000卷",
    "reply_by": (clock.business_now() + timedelta(days=30)).isoformat(),
}
DOUBTFUL = {"product_code": "PAPER-70", "quantity": "3", "unit_price": "0.5"}


def look(desk: Desk, number: str, who: Principal = CLERK) -> dict[str, Any]:
    asked = {"order_id": None, "order_number": number}
    return desk.store.read(who, lambda work: pages.get_order(work, asked))


def as_looked_at(desk: Desk, number: str) -> dict[str, Any]:
    return desk.store.read(
        SYSTEM, lambda work: views.order_in_full(looked_at.by_number(work, number).order)
    )


def test_an_order_is_looked_at_as_it_is_loaded(desk: Desk, clock_file: Path) -> None:
    numbers = [
        desk.do(commands.TakeMemo, drafting.take_memo, **MEMO)["number"],
        desk.new_order(submit=False)["number"],
        desk.new_order(lines=[DOUBTFUL])["number"],
        desk.approved_order()["number"],
        desk.sent_order()["number"],
    ]
    desk.talk("verify_sign_back", order_number=numbers[-1], **SIGNED)
    numbers.append(desk.sent_order()["number"])
    days_pass(clock_file, 2)

    for number in numbers:
        assert as_looked_at(desk, number) == desk.order(number)


@pytest.mark.parametrize("typed", ["057188886666", "0571-8888", "0571 88886666", "88886666"])
@pytest.mark.parametrize("written", ["0571-88886666", "(0571) 8888 6666", "057188886666"])
def test_a_phone_is_found_by_its_digits(desk: Desk, written: str, typed: str) -> None:
    """Whatever stands between them, in the order or in what is typed."""
    consignee = {"name": "张三", "address": "杭州市西湖区1号"}
    wanted = desk.new_order(consignee={**consignee, "phone": written})["number"]
    desk.new_order(consignee={**consignee, "phone": "0571-66668888"})

    assert found(desk, q=typed) == [wanted]
    assert found(desk, phone=typed) == [wanted]


def found(desk: Desk, who: Principal = CLERK, **asked: Any) -> list[str]:
    filters = {"after": None, "limit": 10, **asked}
    rows, _ = desk.store.read(who, lambda work: orders.search(work, filters))
    return [row.number for row in rows]


@pytest.mark.parametrize("written", ["138 0000 8888", "+86 13800008888"])
def test_to_whom_phones_are_masked_finds_one_by_its_whole_number(desk: Desk, written: str) -> None:
    """X4: else any part of it could be asked for, and so the whole be known."""
    consignee = {"name": "张三", "phone": written, "address": "杭州市西湖区1号"}
    order = desk.new_order(submit=False, consignee=consignee)["number"]

    for typed in ("8888", "00008888", "1380000888", "8", "8888 C-B"):
        assert found(desk, FINANCE, q=typed) == []
        assert found(desk, FINANCE, order_number=order, phone=typed) == []
        assert found(desk, q=typed) == found(desk, phone=typed) == [order]
    for typed in ("13800008888", "138-0000-8888", "+86 138 0000 8888", "纸品", "C-B"):
        assert found(desk, FINANCE, q=typed) == found(desk, FINANCE, phone=typed) == [order]


def test_an_order_is_found_by_words_as_its_customer_is(desk: Desk) -> None:
    """G2: full-width forms, case and marks aside."""
    for sequence, (name, *said) in enumerate(
        (
            ("上海（华东）纸业", "华东纸业", "（华东", "上海 0000"),
            ("ＡＢＣ纸业", "abc纸业", "ＡＢＣ", "纸业 abc"),
            ("杭州西湖纸品有限公司", "杭州 有限", "+86 138 0000 8888"),
        ),
        start=2,
    ):
        with desk.store.work() as work:
            progress.take_customer(work, {**CUSTOMER, "name": name}, sequence)
        order = desk.new_order(submit=False)["number"]
        for typed in said:
            assert order in found(desk, q=typed)
            assert found(desk, q=f"{typed} 上饶") == []


def test_a_memo_is_found_by_who_asked(desk: Desk) -> None:
    memo = desk.do(commands.TakeMemo, drafting.take_memo, **MEMO)["number"]

    assert found(desk, q="张经") == found(desk, q="张经理") == [memo]
    assert found(desk, q="李经理") == []


def test_an_order_is_found_by_its_number_and_the_one_of_the_old_books(desk: Desk) -> None:
    old, new = (desk.new_order(submit=False)["number"] for _ in range(2))
    reference = "update \"order\" set past_reference = '10248' where number = '{}' returning 1"
    desk.state(reference.format(old))

    for typed in (new, new.lower(), f" {new} "):
        assert found(desk, q=typed) == [new]
    assert found(desk, q=new[:7]) == found(desk, order_number=new[:7]) == [new, old]
    assert found(desk, q="10248") == found(desk, order_number="10248") == [old]
    assert found(desk, q="1024") == []


def test_many_numbers_of_one_beginning_are_found_as_few_are(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (desk.new_order(submit=False)["number"] for _ in range(2))
    of_the_day = {"order_number": first[:7]}
    few = found(desk, **of_the_day)

    monkeypatch.setattr(orders, "_FEW", 1)

    assert found(desk, **of_the_day) == few == [second, first]
    assert found(desk, order_number=first) == [first]
    assert found(desk, order_number="D000000") == []


#: The order that is looked for, and by what it is asked for; a day begins and ends at Shanghai's
#: midnight.
FITTING = {
    "customer_name": "'晨光印刷'",
    "stage": "'confirmed'",
    "created_at": "'2026-03-10 00:00+08'",
    "region": "'华东'",
    "salesperson_id": "'p-li'",
    "clerk_id": "'p-chen'",
    "product_codes": "array['PAPER-70', 'LABEL-40']",
    "total": "1000.00",
}
ALL_AT_ONCE: dict[str, Any] = {
    "customer_code": "C-B",
    "stage": [Stage.CONFIRMED, Stage.IN_PROGRESS],
    "created_from": date(2026, 3, 10),
    "created_to": date(2026, 3, 11),
    "region": "华东",
    "salesperson_id": "p-li",
    "clerk_id": "p-chen",
    "product_code": "PAPER-70",
    "amount_from": Decimal("1000.00"),
    "amount_to": Decimal("1000.00"),
    "on_hold": False,
}


def placed(desk: Desk, **differs: str) -> str:
    """Have an order in the books that fits, but for what differs."""
    number = str(desk.new_order(submit=False)["number"])
    facts = ", ".join(f"{name} = {value}" for name, value in (FITTING | differs).items())
    desk.state(f"update \"order\" set {facts} where number = '{number}' returning 1")
    return number


def test_an_order_is_found_by_all_that_is_asked_at_once_and_misses_in_nothing(desk: Desk) -> None:
    """G2: dates to the moment, amounts to the fen."""
    first = placed(desk)
    last = placed(desk, stage="'in_progress'", created_at="'2026-03-11 23:59:59.999999+08'")
    for differs in (
        {"customer_id": "gen_random_uuid()"},
        {"stage": "'fulfilled'"},
        {"created_at": "'2026-03-09 23:59:59.999999+08'"},
        {"created_at": "'2026-03-12 00:00+08'"},
        {"region": "'华南'"},
        {"salesperson_id": "'p-wang'"},
        {"clerk_id": "'p-lin'"},
        {"product_codes": "array['LABEL-40']"},
        {"total": "999.99"},
        {"total": "1000.01"},
        {"hold": "jsonb_build_object('reason', 'other')"},
    ):
        placed(desk, **differs)

    assert found(desk, **ALL_AT_ONCE) == [last, first]
    assert found(desk, **ALL_AT_ONCE, phone="13800008888", q="0000 8888") == [last, first]
    assert found(desk, **ALL_AT_ONCE, q="上饶") == []
    one_day = {**ALL_AT_ONCE, "created_to": date(2026, 3, 10)}
    assert found(desk, **one_day) == [first]
    assert found(desk, SALES, **ALL_AT_ONCE) == []


def test_an_order_with_its_axes_is_one_statement(desk: Desk) -> None:
    order = desk.sent_order()
    money = {"order_id": order["id"], "verified": "0.00"}
    shipment = {"id": str(UUID(int=7)), "order_id": order["id"], "number": "S1", "state": "packed"}
    with desk.store.work() as work:
        copies.keep_money(work, money, 1)
        copies.keep_shipment(work, shipment, 1)

    with statements(desk.store) as sent:
        seen = look(desk, order["number"])

    assert len(sent) == 1
    assert seen["axes"] == {
        "stage": "awaiting_return",
        "production": [{"line_no": 1, "state": None}],
        "shipment": [{"number": "S1", "state": "packed"}],
        "payment": money,
    }
    assert seen["next"]["verb"] == "verify_sign_back"


def test_an_order_is_found_by_its_id_as_well(desk: Desk) -> None:
    order = desk.new_order()
    by_id = {"order_id": UUID(order["id"]), "order_number": None}
    assert desk.store.read(CLERK, lambda work: pages.get_order(work, by_id)) == look(
        desk, order["number"]
    )


def test_sales_looks_at_its_own_customers_orders_only(desk: Desk) -> None:
    number = desk.new_order()["number"]
    assert look(desk, number, SALES)["number"] == number
    with pytest.raises(OrderNotFound) as refused:
        look(desk, number, OTHER_SALES)
    assert refused.value.details["order_number"] == number


def test_what_is_looked_at_can_neither_be_changed_nor_asked_for_its_papers(desk: Desk) -> None:
    number = desk.sent_order()["number"]
    order = desk.store.read(CLERK, lambda work: looked_at.by_number(work, number).order)
    with pytest.raises(AttributeError):
        order.stage = Stage.CANCELLED
    with pytest.raises(UnmappedInstanceError):
        assert order.confirmations[0].document
    assert order.stage is Stage.AWAITING_RETURN


def test_a_work_list_is_one_statement_however_much_waits(desk: Desk) -> None:
    asked = {"limit": 100}

    def listed() -> tuple[int, int]:
        with statements(desk.store) as sent:
            items = desk.store.read(CLERK, lambda work: pages.list_work(work, asked))
        # Settings are read again each second.
        return len(items), sum('"order"' in one.text for one in sent)

    desk.approved_order()
    desk.sent_order()
    few = listed()
    for _ in range(2):
        desk.approved_order()
        desk.sent_order()

    assert few == (2, 1)
    assert listed() == (6, 1)


def test_of_the_old_books_only_what_is_still_to_ship_waits_for_somebody(desk: Desk) -> None:
    line = {
        "product_code": "LABEL-40", "quantity": "12", "unit_price": "1.00", "amount": "12.00",
    }  # fmt: skip
    past: dict[str, Any] = {
        "customer_code": CUSTOMER["code"],
        "ordered_on": "2026-07-04",
        "lines": [line],
    }
    for reference, fulfilled_on in (("OLD-1", "2026-07-16"), ("OLD-2", None)):
        desk.do(
            commands.RecordPastOrder,
            past_orders.record_past_order,
            reference=reference,
            fulfilled_on=fulfilled_on,
            **past,
        )
    (still_open,) = found(desk, q="OLD-2")

    def waiting(who: Principal) -> list[tuple[str, str]]:
        items = desk.store.read(who, lambda work: pages.list_work(work, {"limit": 20}))
        return [(item["kind"], item["order_number"]) for item in items]

    assert waiting(FINANCE) == []
    assert waiting(CLERK) == [("request_dispatch", still_open)]


def test_a_work_list_reads_each_kind_in_the_order_of_an_index(desk: Desk) -> None:
    number = desk.new_order()["number"]
    with desk.store.work(CLERK) as work:
        anomalies.open_anomaly(
            work,
            orders.order_by_number(work, number, lock=True),
            cause=AnomalyClass.LOGISTICS,
            topic=Topic.DELAY,
            priority=Priority.NORMAL,
            text="late",
        )
    copy_rows(desk.store, "anomaly", 3000, raised_at="now() - n * interval '1 minute'")
    copy_rows(desk.store, "order", 3000, number="'X-' || n", stage="'approved'")

    with statements(desk.store) as sent:
        items = desk.store.read(CLERK, lambda work: pages.list_work(work, {"limit": 20}))
    plan = plans(desk.store, sent)

    assert len(items) == 20
    assert "Index Scan using ix_anomaly_waiting on anomaly" in plan
    assert 'Index Scan using ix_order_waiting on "order"' in plan
    assert "Seq Scan on anomaly" not in plan


def test_drafts_left_alone_push_no_new_one_off_the_list(desk: Desk) -> None:
    """What expired has no clock that runs: what is due is read before it."""
    desk.new_order(submit=False)
    long_ago = "now() - interval '1 year' + n * interval '1 minute'"
    desk.state('update "order" set confirmation_due_at = null returning 1')
    copy_rows(desk.store, "order", 3000, number="'X-' || n", touched_at=long_ago)
    new = desk.new_order(submit=False)["number"]

    with statements(desk.store) as sent:
        items = desk.store.read(CLERK, lambda work: pages.list_work(work, {"limit": 20}))
    plan = plans(desk.store, sent)

    listed = [item["order_number"] for item in items]
    assert (listed[0], set(listed[1:])) == (new, {f"X-{n}" for n in range(1, 20)})
    assert 'Index Scan using ix_order_waiting on "order"' in plan
    assert "Sort Key: o.confirmation_due_at" not in plan


def test_what_waits_at_a_gate_is_read_from_the_longest_open_on_and_no_further(desk: Desk) -> None:
    number = desk.new_order()["number"]
    desk.state_all_made(number)
    copy_rows(desk.store, "order", 3000, number="'X-' || n")
    with desk.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into gate select made.* from gate g, (select id, row_number() over () as n"
            " from \"order\" where starts_with(number, 'X-')) o, jsonb_populate_record(g,"
            " jsonb_build_object('order_id', o.id,"
            " 'opened_at', g.opened_at - o.n * interval '1 minute'))"
            f" made where g.order_id = (select id from \"order\" where number = '{number}')"
        )
        connection.exec_driver_sql("analyze gate")

    with statements(desk.store) as sent:
        items = desk.store.read(SUPERVISOR, lambda work: pages.list_work(work, {"limit": 20}))
    plan = plans(desk.store, sent)

    assert [item["verb"] for item in items] == ["sign_approval"] * 20
    assert number not in [item["order_number"] for item in items]
    assert "Index Scan using ix_gate_waiting on gate" in plan
    assert "Sort Key: g.opened_at" not in plan


def test_a_salespersons_work_list_reads_nobody_elses_tasks_and_anomalies(desk: Desk) -> None:
    number = desk.new_order(submit=False, consignee={"name": "张三"})["number"]
    with desk.store.work(CLERK) as work:
        anomalies.open_anomaly(
            work,
            orders.order_by_number(work, number, lock=True),
            cause=AnomalyClass.LOGISTICS,
            topic=Topic.DELAY,
            priority=Priority.NORMAL,
            text="late",
            first="sales",
        )
    others = "case when n <= 4 then 'sales-1' else 'sales-9' end"
    copy_rows(desk.store, "anomaly", 3000, salesperson_id=others)
    copy_rows(desk.store, "task", 3000, person_id=others)

    with statements(desk.store) as sent:
        items = desk.store.read(SALES, lambda work: pages.list_work(work, {"limit": 20}))
    plan = plans(desk.store, sent)

    assert [item["kind"] for item in items].count("anomaly") == 5
    assert [item["kind"] for item in items].count("missing_fields") == 5
    assert "Index Scan using ix_anomaly_waiting_own on anomaly" in plan
    assert re.search(r"role = asked\w*\.role\)+ AND \(person_id = ", plan)
    assert "Seq Scan on" not in plan


def test_orders_of_an_amount_are_picked_from_the_index_of_the_newest(desk: Desk) -> None:
    desk.new_order()
    copy_rows(
        desk.store,
        "order",
        5000,
        number="'X-' || n",
        total="mod(n, 100)",
        created_at="now() - n * interval '1 minute'",
    )
    with desk.store.reading.connect() as connection:
        # What tells that no row has to be read to know that one is there.
        connection.exec_driver_sql('vacuum "order"')
    asked = {"amount_from": Decimal(7), "amount_to": Decimal(8), "after": None, "limit": 10}

    with statements(desk.store) as sent:
        found, _ = desk.store.read(CLERK, lambda work: orders.search(work, asked))

    newest = [f"X-{n}" for n in (7, 8, 107, 108, 207, 208, 307, 308, 407, 408)]
    assert [order.number for order in found] == newest
    assert "Index Only Scan using ix_order_newest" in plans(desk.store, sent)
