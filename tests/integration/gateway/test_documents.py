"""The printed papers: what stands on them, for whom, and that nothing in them runs (X6)."""

import re
from typing import Any

import pytest

from chassis.errors import NotFound
from tests.integration.gateway.conftest import Office

CONSIGNEE = {"name": "王店长", "phone": "13800001234", "address": "杭州市中山路 1 号"}
LINE = {
    "line_no": 1, "product_code": "P-A4", "product_name": "A4 复印纸<script>alert(1)</script>",
    "spec": "80g", "unit": "包", "unit_decimals": 0, "quantity": "1200.000",
    "unit_price": "18.500000", "discount": "0.00", "amount": "22200.00",
    "tolerance_over": "3.000", "tolerance_under": "3.000", "packing": "10 包/箱",
}  # fmt: skip
CUSTOMER = {"name": "杭州文华", "code": "C1", "grade": "B"}
ORDER = {
    "number": "D261122-000017", "version": 5, "stage": "draft", "confirmation_version": None,
    "customer": CUSTOMER,
    "consignee": CONSIGNEE, "delivery_method": "door", "urgency": "urgent", "total": "22200.00",
    "production_due": "2026-12-01", "customer_due": "2026-12-03", "lines": [LINE],
    "terms": "deposit_and_balance", "special_requirements": "{{ 7*7 }}", "clerk_name": "陈静",
}  # fmt: skip
SHIPMENT = {
    "number": "S261122-000003", "order_number": "D261122-000017", "customer_name": "杭州文华",
    "state": "requested", "consignee": CONSIGNEE, "delivery_method": "door", "urgency": "normal",
    "requested_at": "2026-11-22T01:02:03+00:00", "requester_name": "陈静", "lines": [LINE],
    "parcels": [{"code": "X1"}, {"code": "X2"}], "dispatched_at": None, "blocked": None,
    "release_withdrawn_at": None,
}  # fmt: skip

INSTRUCTION = {
    **LINE, "number": "P261122-000004", "order_number": "D261122-000017", "state": "issued",
    "production_due": "2026-12-01", "least_quantity": "1164.000",
    "most_quantity": "1236.000", "special_rules": None, "process": "模切",
    "issued": {"name": "陈静", "at": "2026-11-22T02:00:00+00:00"},
    "technique_copy_at": "2026-11-22T02:00:00+00:00", "order": {"customer_due": "2026-12-05"},
    "material": [
        {"material_code": "M1", "material_name": "原纸", "unit": "kg", "demand": "96.500"}
    ],
    "slots": [{"work_centre_code": "W1", "day": "2026-11-28", "quantity": "1200.000"}],
    "reports": [],
}  # fmt: skip


def answer(office: Office, rpc: str, given: Any) -> None:
    office.neighbour.answers[rpc] = given


@pytest.fixture
def desk(office: Office) -> Office:
    office.person("chen", "clerk")
    office.person("zhou", "finance")
    office.person("shen", "warehouse")
    return office


def confirmations(*states: str) -> dict[str, Any]:
    return {
        "items": [
            {
                "confirmation_version": version, "grade": "B", "sent_on": "2026-11-22",
                "state": state, "document": {**ORDER, "total": f"{version}00.00"},
            }
            for version, state in enumerate(states, start=1)
        ]
    }  # fmt: skip


CONFIRMATION = "/orders/D261122-000017/documents/confirmation"


def test_a_confirmation_is_printed_as_it_was_frozen(desk: Office) -> None:
    answer(
        desk, "orders.get_order", {**ORDER, "stage": "awaiting_return", "confirmation_version": 2}
    )
    answer(desk, "orders.list_confirmations", confirmations("void", "sent"))

    newest = desk.send("GET", CONFIRMATION, by="chen")
    first = desk.send("GET", f"{CONFIRMATION}?version=1", by="chen")
    missing = desk.send("GET", f"{CONFIRMATION}?version=3", by="chen")

    assert newest.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in newest.headers["content-security-policy"]
    assert "第 2 版</dd>" in newest.text
    assert "人民币贰佰元整" in newest.text
    assert "顺延一日" in newest.text
    assert "人民币壹佰元整" in first.text
    assert "作废" in first.text
    assert (missing.status_code, missing.json["code"]) == (404, "confirmation_version_not_found")


@pytest.mark.parametrize("stage", ["draft", "in_review", "approved"])
def test_the_version_to_be_sent_is_printed_and_not_the_one_it_replaces(
    desk: Office, stage: str
) -> None:
    """Who reads it for mistakes before it goes out reads this paper (O19)."""
    answer(desk, "orders.get_order", {**ORDER, "stage": stage})
    answer(desk, "orders.list_confirmations", confirmations("void"))

    page = desk.send("GET", CONFIRMATION, by="chen").text
    old = desk.send("GET", f"{CONFIRMATION}?version=1", by="chen").text

    assert "第 2 版" in page
    assert "人民币贰万贰仟贰佰元整" in page
    assert ("未批准" in page) == (stage != "approved")
    assert ("作废" in page, "作废" in old) == (False, True)
    by_number = desk.send("GET", f"{CONFIRMATION}?version=2", by="chen").text
    assert "人民币贰万贰仟贰佰元整" in by_number


def test_a_confirmation_names_the_coupon_that_the_order_earns(desk: Office) -> None:
    """O10; one that was frozen before there were any names none."""
    gift = {"promotion_code": "SPRING-20", "amount": "20.00"}
    answer(desk, "orders.get_order", {**ORDER, "coupons": [gift]})
    answer(desk, "orders.list_confirmations", confirmations("void"))

    page = desk.send("GET", CONFIRMATION, by="chen").text
    old = desk.send("GET", f"{CONFIRMATION}?version=1", by="chen").text

    assert "20.00 元优惠券一张" in page
    assert "优惠券" not in old


def test_the_dates_of_an_a_customers_paper_do_not_slide(desk: Office) -> None:
    by_grade = {}
    for grade in "AB":
        answer(desk, "orders.get_order", {**ORDER, "customer": {**CUSTOMER, "grade": grade}})
        answer(desk, "orders.list_confirmations", confirmations())
        by_grade[grade] = "顺延一日" in desk.send("GET", CONFIRMATION, by="chen").text

    assert by_grade == {"A": False, "B": True}


def test_of_an_order_given_up_the_last_version_is_printed_as_void(desk: Office) -> None:
    answer(desk, "orders.get_order", {**ORDER, "stage": "cancelled"})
    answer(desk, "orders.list_confirmations", confirmations("void", "void"))

    page = desk.send("GET", CONFIRMATION, by="chen").text

    assert ("第 2 版" in page, "作废" in page) == (True, True)


def test_a_memo_of_somebody_unknown_is_printed_too(desk: Office) -> None:
    line = {**LINE, "product_code": None, "product_name": None, "unit_price": None, "amount": None}
    memo = {**ORDER, "stage": "memo", "customer": None, "total": None, "lines": [line]}
    answer(desk, "orders.get_order", memo)
    answer(desk, "orders.list_confirmations", confirmations())

    page = desk.send("GET", CONFIRMATION, by="chen")

    assert (page.status_code, "None" in page.text) == (200, False)


def test_what_people_wrote_is_printed_and_never_run(desk: Office) -> None:
    answer(desk, "orders.get_order", ORDER)
    answer(desk, "orders.list_confirmations", confirmations())

    page = desk.send("GET", "/orders/D261122-000017/documents/confirmation", by="chen").text

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page
    assert "未发送" in page


def test_the_number_is_a_barcode_and_the_figures_are_readable(desk: Office) -> None:
    answer(desk, "orders.get_order", ORDER)
    answer(desk, "orders.list_confirmations", confirmations())

    page = desk.send("GET", "/orders/D261122-000017/documents/confirmation", by="chen").text

    assert page.count("<rect") > 40
    for figure in ("22,200.00", "18.50", "1,200", "2026年12月3日", "贰万贰仟贰佰元整", "送货上门"):
        assert figure in page


def test_a_paper_masks_what_its_reader_may_not_see(desk: Office) -> None:
    answer(desk, "shipping.get_shipment", SHIPMENT)
    path = "/shipments/S261122-000003/documents/dispatch_request"

    for reader, sees in (("chen", True), ("zhou", False), ("shen", False)):
        page = desk.send("GET", path, by=reader).text
        assert ("13800001234" in page) == sees, reader
        assert ("中山路" in page) == sees, reader

    answer(desk, "shipping.get_shipment", {**SHIPMENT, "state": "handed"})
    assert "13800001234" in desk.send("GET", path, by="shen").text
    assert "13800001234" not in desk.send("GET", path, by="zhou").text


def test_a_dispatch_notice_needs_a_dispatch(desk: Office) -> None:
    """S6, S14: it tells where the goods are picked up."""
    path = "/shipments/S261122-000003/documents/dispatch_notice"
    answer(desk, "shipping.get_shipment", SHIPMENT)
    refused = desk.send("GET", path, by="chen")
    left = {
        **SHIPMENT, "note_number": "F261122-000001", "dispatched_at": "2026-11-22T02:00:00+00:00",
        "expected_arrival": "2026-11-24", "carrier_name": "顺达", "waybill": None,
        "delivery_method": "pickup_at_depot", "depot": "广州白云货运站",
    }  # fmt: skip
    answer(desk, "shipping.get_shipment", left)

    page = desk.send("GET", path, by="chen").text

    assert (refused.status_code, refused.json["code"]) == (409, "not_dispatched")
    for words in (
        "发货告知书",
        "F261122-000001",
        "2026-11-22 10:00",
        "2026年11月24日",
        "2 件",
        "待补",
        "广州白云货运站",
    ):
        assert words in page
    answer(desk, "shipping.get_shipment", {**left, "delivery_method": "door"})
    assert "提货货站" not in desk.send("GET", path, by="chen").text


def test_a_delivery_order_shows_deposit_and_balance_to_whom_they_are_open(desk: Office) -> None:
    """O32: the warehouse's copy lacks them, and asks nobody for them."""
    path = "/shipments/S261122-000003/documents/delivery_order"
    left = {**SHIPMENT, "state": "dispatched", "note_number": "F261122-000001"}
    answer(desk, "shipping.get_shipment", left)
    money = {
        "worth": "22200.00", "deposit_due": "6660.00", "verified": "8000.00", "balance": "14200.00"
    }  # fmt: skip
    answer(desk, "customers.get_order_money", {"money": money})

    desks, warehouses = (desk.send("GET", path, by=who).text for who in ("chen", "shen"))

    for words in ("送货单", "F261122-000001", "1,200", "2 件", "收货人签字", CONSIGNEE["phone"]):
        assert (words in desks, words in warehouses) == (True, True)
    for figure in ("22,200.00", "6,660.00", "8,000.00", "14,200.00"):
        assert (figure in desks, figure in warehouses) == (True, False)
    asked = [each.rpc for each in desk.neighbour.asked]
    assert asked.count("customers.get_order_money") == 1


def test_a_delivery_order_of_goods_that_nobody_released_says_so(desk: Office) -> None:
    """Nor has customers heard of the money of every order."""
    path = "/shipments/S261122-000003/documents/delivery_order"
    answer(desk, "customers.get_order_money", NotFound())
    now = "2026-11-22T02:00:00+00:00"

    def printed(state: str, **facts: str) -> str | None:
        answer(desk, "shipping.get_shipment", {**SHIPMENT, "state": state, **facts})
        page = desk.send("GET", path, by="chen").text
        return next(iter(re.findall('class="mark">(.*?)<', page)), None)

    assert printed("requested") == "未放行"
    assert printed("released") is None
    assert printed("packed", release_withdrawn_at=now) == "未放行"
    assert printed("packed", blocked="hold") == "暂停发货"
    assert printed("dispatched", dispatched_at=now, blocked="hold") is None
    assert printed("cancelled") == "作废"


@pytest.mark.parametrize(
    ("terms", "percent", "shown"),
    [
        ("deposit_and_balance", "30.000", "定金加余款，定金 30%"),
        ("account", "12.500", "账期，定金 12.5%"),
        ("account", "0.000", "账期"),
        ("prepaid", "100.000", "款到发货"),
    ],
)
def test_a_confirmation_says_the_deposits_share_where_one_is_due(
    desk: Office, terms: str, percent: str, shown: str
) -> None:
    """O32."""
    answer(desk, "orders.get_order", {**ORDER, "terms": terms, "deposit_percent": percent})
    answer(desk, "orders.list_confirmations", confirmations())

    assert f"<dd>{shown}</dd>" in desk.send("GET", CONFIRMATION, by="chen").text


def test_an_instruction_shows_what_the_factory_needs(desk: Office) -> None:
    answer(desk, "inventory.get_instruction", INSTRUCTION)

    page = desk.send("GET", "/instructions/P261122-000004/document", by="chen").text

    for words in ("生产指令单", "1,164 至 1,236", "模切", "原纸", "96.500", "2026年11月28日"):
        assert words in page
    assert "<dt>完工日期</dt><dd>2026年12月1日</dd>" in page
    assert "<dt>交货日期</dt><dd>2026年12月5日</dd>" in page
    assert desk.send("GET", "/instructions/P1/document", by="shen").status_code == 403


def test_technique_lists_what_is_issued_and_reads_its_copy(desk: Office) -> None:
    """O24."""
    desk.person("he", "technician")
    answer(desk, "inventory.search_instructions", {"items": [], "next": None})
    answer(desk, "inventory.get_instruction", INSTRUCTION)

    listed = desk.send("GET", "/instructions?states=issued", by="he")
    copy = desk.send("GET", "/instructions/P261122-000004/document", by="he")

    assert (listed.status_code, copy.status_code) == (200, 200)
    assert "<dt>抄送技术部</dt><dd>2026-11-22 10:00</dd>" in copy.text


@pytest.mark.parametrize(
    ("rpc", "found", "paper", "marks"),
    [
        (
            "inventory.get_instruction", INSTRUCTION, "/instructions/P1/document",
            {"draft": "未签发", "issued": None, "running": None, "cancelled": "作废"},
        ),
        (
            "shipping.get_shipment", SHIPMENT, "/shipments/S1/documents/dispatch_request",
            {"requested": None, "handed": None, "cancelled": "作废"},
        ),
    ],
)  # fmt: skip
def test_a_paper_that_nobody_may_work_by_says_so(
    desk: Office, rpc: str, found: dict[str, Any], paper: str, marks: dict[str, str | None]
) -> None:
    printed = {}
    for state in marks:
        answer(desk, rpc, {**found, "state": state})
        page = desk.send("GET", paper, by="chen").text
        printed[state] = next(iter(re.findall('class="mark">(.*?)<', page)), None)

    assert printed == marks


def test_a_deposit_notice_takes_no_money_from_the_total_of_the_goods(desk: Office) -> None:
    """The total of 20,450.68 is no sum that is paid now, and nothing of it has come yet."""
    answer(
        desk, "customers.get_notice",
        {
            "title_zh": "定金付款通知书", "customer": {"name": "杭州文华", "phone": "057112345678"},
            "contact": None,
            "notice": {
                "number": "N261122-000001", "kind": "deposit", "order_number": "D261122-000017",
                "amount": "6135.20", "worth": "20450.68", "verified": "0.00", "covered": "0.00",
                "due": "6135.20", "drafted_at": "2026-11-22T02:00:00+00:00", "lines": [],
                "state": "sent",
            },
            "verified_now": "135.20", "still_due": "6000.00",
        },
    )  # fmt: skip

    page = desk.send("GET", "/notices/N261122-000001/document", by="zhou").text

    assert sums_on(page) == {
        "货款合计": "20,450.68", "应付定金": "6,135.20", "全单已核实到账": "0.00",
        "其中抵作本次": "0.00", "本次应付": "6,135.20",
    }  # fmt: skip
    assert "全单现已核实到账 135.20，本通知尚应付 <strong>6,000.00</strong>" in page


def sums_on(page: str) -> dict[str, str]:
    """Give the sums below the goods of a notice by their words."""
    row = r'<th colspan="4">(.*?)</th><td class="number">(?:<strong>)?([\d,.]+)'
    return dict(re.findall(row, page))


@pytest.mark.parametrize("has_left", [False, True])
def test_a_balance_notice_says_the_sum_in_capitals(
    desk: Office,
    has_left: bool,  # noqa: FBT001  whether its goods have
) -> None:
    answer(
        desk, "customers.get_notice",
        {
            "has_left": has_left,
            "title_zh": "余款催收通知书", "customer": {"name": "杭州文华", "phone": "057112345678"},
            "contact": None,
            "notice": {
                "number": "N261122-000002", "kind": "balance", "order_number": "D261122-000017",
                "amount": "15540.00", "worth": "22200.00", "verified": "6660.00", "due": "22200.00",
                "covered": "6660.00", "state": "drafted",
                "drafted_at": "2026-11-22T23:30:00+00:00",
                "lines": [{**LINE, "quantity": "1176", "value": "21756.00"}],
            },
            "verified_now": "6660.00", "still_due": "15540.00",
        },
    )  # fmt: skip

    page = desk.send("GET", "/notices/N261122-000002/document", by="zhou").text

    for words in ("余款催收通知书", "壹万伍仟伍佰肆拾元整", "15,540.00", "1,176", "***5678"):
        assert words in page
    # Half past seven in the morning, where the company is.
    assert "2026年11月23日" in page
    assert sums_on(page) == {
        "货款合计": "22,200.00", "全单已核实到账": "6,660.00",
        "其中抵作本次": "6,660.00", "本次应付": "15,540.00",
    }  # fmt: skip
    assert "尚应付" not in page
    # What has left is not to be paid before it leaves.
    assert ("请于发货前付清" in page, "安排发货" in page) == (not has_left, not has_left)
