"""What the audit compares: a clean order gives nothing, each planted difference is named."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from chassis.errors import Unavailable
from deploy.audit import axes, copies, holdings, ledgers, messages, reader
from deploy.audit.audit import Audit
from deploy.audit.difference import Difference, Kind, Mend
from deploy.audit.order import OrderBooks

ORDER_ID = "0a000000-0000-0000-0000-000000000001"
MADE, STOCK = "line-made", "line-stock"
Wrong = Callable[[dict[str, Any]], None]


def a_confirmed_order() -> dict[str, Any]:
    """100 to be made at 10.00 (±3 %) and 5 from stock at 2.00: credit 1030 + 10."""
    line = {
        "product_id": "p", "product_code": "PAPER", "unit_decimals": 0, "discount": "0.00",
        "tolerance_over": "3", "produced": "0", "accepted": None, "shipped": "0", "signed": "0",
        "production": None, "short_closed": False,
    }  # fmt: skip
    made = {**line, "line_id": MADE, "line_no": 1, "supply": "make", "quantity": "100",
            "unit_price": "10.00", "production": "draft"}  # fmt: skip
    stock = {**line, "line_id": STOCK, "line_no": 2, "supply": "stock", "quantity": "5",
             "unit_price": "2.00"}  # fmt: skip
    number = {"order_number": "D261122-000001"}
    return {
        "orders": {
            **number, "stage": "confirmed", "revision": 1, "customer_id": "c", "imported": False,
            "holds_anything": True, "on_hold": False, "busy_with": None, "busy_state": None,
            "credit_gate": {"verdict": "passed", "revision": 1}, "lines": [made, stock],
            "money": {"sequence": 2, "receivable": "0.00", "verified": "300.00"}, "shipments": [],
        },
        "customers": {
            **number, "copy": {"stage": "confirmed", "revision": 1},
            "credit": {
                "sequence": 2, "terms": "deposit_and_balance", "amount": "1040.00",
                "reserves": True, "reservation": "1040.00", "receivable": "0.00",
                "verified": "300.00",
                "ledger": {"reservation": "1040.00", "receivable": "0", "verified": "300.00"},
            },
        },
        "inventory": {
            **number, "stage": "confirmed", "revision": 1, "is_stopped": False, "blocks": 0,
            "waits": False,
            "lines": [
                {"line_id": MADE, "product_id": "p", "quantity": "100.000", "supply": "make",
                 "short_closed": "false"},
                {"line_id": STOCK, "product_id": "p", "quantity": "5.000", "supply": "stock",
                 "short_closed": "false"},
            ],
            "stock": [{"line_id": STOCK, "quantity": "5", "surplus": "0", "consumed": "0"}],
            "material": [{"line_id": MADE, "material_code": "PULP", "demand": "200",
                          "held": "200", "consumed": "0", "returned": "0"}],
            "slots": [{"line_id": MADE, "unused": "100", "used": "0"}],
            "instructions": [{"number": "P1", "line_id": MADE, "state": "draft", "produced": "0",
                              "accepted": None, "into_free_stock": False}],
            "statements": [{"kind": "material", "revision": 1, "verdict": "passed"}],
        },
        "shipping": {
            **number, "copy": {"stage": "confirmed", "on_hold": False}, "blocked": None,
            "blocks": [], "shipments": [],
        },
        "aftersales": {**number, "copy": {"stage": "confirmed"}, "shipments": []},
    }  # fmt: skip


def a_shipped_order() -> dict[str, Any]:
    """98 of the 100 were made and all has left; the customer has not signed yet."""
    books = a_confirmed_order()
    orders, customers, inventory = books["orders"], books["customers"], books["inventory"]
    for part in (orders, inventory, books["shipping"]["copy"], books["aftersales"]["copy"]):
        part["stage"] = "in_progress"
    made, stock = orders["lines"]
    made |= {"production": "stocked", "produced": "98", "accepted": "98", "shipped": "98"}
    stock |= {"shipped": "5"}
    inventory["instructions"][0] |= {"state": "stocked", "produced": "98", "accepted": "98"}
    inventory["stock"] = [{"line_id": STOCK, "quantity": "0", "surplus": "0", "consumed": "5"}]
    inventory["material"][0] |= {"held": "0", "consumed": "200"}
    inventory["slots"] = [{"line_id": MADE, "unused": "0", "used": "100"}]
    customers["credit"] |= {"reservation": "0.00", "receivable": "990.00"}
    customers["credit"]["ledger"] |= {"reservation": "0.00", "receivable": "990.00"}
    orders["money"]["receivable"] = "990.00"
    lines = [
        {"line_id": MADE, "quantity": "98", "signed": None},
        {"line_id": STOCK, "quantity": "5", "signed": None},
    ]
    shipment = {"id": "s", "number": "S1", "state": "dispatched"}
    books["shipping"]["shipments"] = [
        {**shipment, "blocked": None, "overridden": False, "has_left": True, "lines": lines}
    ]
    orders["shipments"] = [shipment]
    books["aftersales"]["shipments"] = [shipment]
    return books


def a_cancelled_order() -> dict[str, Any]:
    """Nothing is held any more, the deposit is the customer's credit."""
    books = a_confirmed_order()
    for part in (books["orders"], books["inventory"]):
        part["stage"] = "cancelled"
    for service in ("customers", "shipping", "aftersales"):
        books[service]["copy"]["stage"] = "cancelled"
    books["orders"]["lines"][0]["production"] = "cancelled"
    books["orders"]["money"]["verified"] = "0.00"
    books["inventory"]["instructions"][0]["state"] = "cancelled"
    books["inventory"]["stock"][0]["quantity"] = "0"
    books["inventory"]["material"], books["inventory"]["slots"] = [], []
    books["customers"]["credit"] |= {"reservation": "0.00", "verified": "0.00", "reserves": False}
    books["customers"]["credit"]["ledger"] = {
        "reservation": "0",
        "receivable": "0",
        "verified": "0",
    }
    return books


def found_in(books: dict[str, Any]) -> list[Difference]:
    order = OrderBooks(ORDER_ID, **books)
    found = list(holdings.compare(order)) + list(axes.compare(order))
    return found + (list(ledgers.order_credit(books["customers"])) if books["customers"] else [])


@pytest.mark.parametrize("clean", [a_confirmed_order, a_shipped_order, a_cancelled_order])
def test_books_that_agree_show_no_difference(clean: Callable[[], dict[str, Any]]) -> None:
    assert found_in(clean()) == []


def test_what_met_an_exception_on_the_way_has_left_all_the_same() -> None:
    books = a_shipped_order()
    books["shipping"]["shipments"][0]["state"] = "exception"
    for part in ("orders", "aftersales"):
        books[part]["shipments"] = [{"id": "s", "number": "S1", "state": "exception"}]
    assert found_in(books) == []


def test_while_a_further_instruction_makes_the_rest_all_of_the_line_stays_held() -> None:
    books = a_confirmed_order()
    first = {**books["inventory"]["instructions"][0], "state": "stocked", "accepted": "30"}
    further = {**books["inventory"]["instructions"][0], "number": "P2", "state": "issued"}
    books["inventory"]["instructions"] = [first, further]
    assert Kind.CREDIT_HELD not in {each.kind for each in found_in(books)}

    books["inventory"]["instructions"] = [first, {**further, "state": "stocked", "accepted": "68"}]

    (held,) = [each for each in found_in(books) if each.kind is Kind.CREDIT_HELD]
    assert (held.expected, held.found) == ("990", "1040")


def at(*path: str | int, **facts: Any) -> Wrong:
    """Plant facts somewhere in an order's books."""

    def plant(books: dict[str, Any]) -> None:
        place: Any = books
        for step in path:
            place = place[step]
        place |= facts

    return plant


def moved(line_id: str, **facts: Any) -> Wrong:
    """Plant one more row of held stock."""
    row = {"line_id": line_id, "quantity": "0", "surplus": "0", "consumed": "0", **facts}
    return lambda books: books["inventory"]["stock"].append(row)


CREDIT, LINE = ("customers", "credit"), ("orders", "lines", 0)


@pytest.mark.parametrize(
    ("story", "wrong", "kind", "where"),
    [
        (
            a_confirmed_order, at(*CREDIT, "ledger", reservation="1"),
            Kind.CREDIT_LEDGER, "customers",
        ),
        (
            a_confirmed_order,
            at(*CREDIT, reserves=False, reservation="0", ledger={"reservation": "0",
               "receivable": "0", "verified": "300"}),
            Kind.CREDIT_HELD, "customers",
        ),
        (
            a_confirmed_order,
            at(*CREDIT, reservation="5", ledger={"reservation": "5", "receivable": "0",
               "verified": "300"}),
            Kind.CREDIT_HELD, "customers",
        ),
        (
            a_confirmed_order, at("inventory", "stock", 0, quantity="4"),
            Kind.STOCK_HELD, "inventory",
        ),
        (a_confirmed_order, moved(MADE, quantity="1"), Kind.STOCK_HELD, "inventory"),
        (a_confirmed_order, moved("gone", quantity="1"), Kind.STOCK_HELD, "inventory"),
        (
            a_confirmed_order, at("inventory", "stock", 0, surplus="1"),
            Kind.STOCK_SURPLUS, "inventory",
        ),
        (
            a_confirmed_order, at("inventory", "material", 0, held="199"),
            Kind.MATERIAL_HELD, "inventory",
        ),
        (
            a_shipped_order, at("inventory", "material", 0, held="1"),
            Kind.MATERIAL_HELD, "inventory",
        ),
        (
            a_shipped_order, at("inventory", "material", 0, consumed="0"),
            Kind.MATERIAL_HELD, "inventory",
        ),
        (a_shipped_order, at("inventory", "slots", 0, unused="1"), Kind.SLOT_HELD, "inventory"),
        (a_confirmed_order, at("inventory", blocks=1), Kind.BLOCK, "inventory"),
        (a_confirmed_order, at("shipping", blocked="cancel"), Kind.BLOCK, "shipping"),
        (a_confirmed_order, at("shipping", blocked="hold"), Kind.BLOCK, "shipping"),
        (a_shipped_order, at(*LINE, shipped="97"), Kind.SHIPMENT, "orders"),
        (a_shipped_order, at(*LINE, signed="98"), Kind.SHIPMENT, "orders"),
        (a_shipped_order, at(*LINE, production="running"), Kind.PRODUCTION, "orders"),
        (a_shipped_order, at(*LINE, produced="99"), Kind.PRODUCTION, "orders"),
        (a_shipped_order, at(*LINE, accepted="99"), Kind.PRODUCTION, "orders"),
        (a_confirmed_order, at("orders", busy_with="x"), Kind.BUSY, "orders"),
        (a_confirmed_order, at("orders", "money", verified="0"), Kind.PAYMENT, "orders"),
        (a_confirmed_order, at("orders", "money", sequence=1), Kind.COPY, "orders"),
        (a_confirmed_order, at("inventory", stage="approved"), Kind.COPY, "inventory"),
        (a_confirmed_order, at("inventory", "lines", 0, quantity="99"), Kind.COPY, "inventory"),
        (a_confirmed_order, at("shipping", copy=None), Kind.COPY, "shipping"),
        (a_confirmed_order, at("shipping", "copy", on_hold=True), Kind.COPY, "shipping"),
        (a_confirmed_order, at("aftersales", "copy", stage="x"), Kind.COPY, "aftersales"),
        (a_confirmed_order, at("customers", copy=None), Kind.COPY, "customers"),
        (a_shipped_order, at("orders", shipments=[]), Kind.COPY, "orders"),
        (a_shipped_order, at("aftersales", shipments=[]), Kind.COPY, "aftersales"),
        (
            a_cancelled_order,
            at(*CREDIT, reservation="1", ledger={"reservation": "1", "receivable": "0",
               "verified": "0"}),
            Kind.CREDIT_HELD, "customers",
        ),
        (
            a_cancelled_order, at("inventory", "stock", 0, quantity="5"),
            Kind.STOCK_HELD, "inventory",
        ),
        (
            a_cancelled_order,
            at("inventory", slots=[{"line_id": MADE, "unused": "1", "used": "0"}]),
            Kind.SLOT_HELD, "inventory",
        ),
    ],
)  # fmt: skip
def test_one_planted_difference_is_found_and_named_alone(
    story: Callable[[], dict[str, Any]], wrong: Wrong, kind: Kind, where: str
) -> None:
    books = story()

    wrong(books)

    (found,) = found_in(books)
    assert (found.kind, found.where, found.order_number) == (kind, where, "D261122-000001")


def test_a_receivable_that_is_not_what_left_is_named() -> None:
    books = a_shipped_order()
    books["customers"]["credit"]["receivable"] = "980.00"
    books["customers"]["credit"]["ledger"]["receivable"] = "980.00"
    books["orders"]["money"]["receivable"] = "980.00"

    (found,) = found_in(books)

    assert (found.kind, found.expected, found.found) == (Kind.RECEIVABLE, "990", "980")


def test_an_order_whose_lines_are_all_signed_must_be_fulfilled() -> None:
    books = a_shipped_order()
    for line in books["orders"]["lines"]:
        line["signed"] = line["shipped"]
    for shipments in (books["shipping"], books["orders"], books["aftersales"]):
        shipments["shipments"][0]["state"] = "signed"

    (found,) = found_in(books)

    assert (found.kind, found.expected, found.found) == (Kind.STAGE, "fulfilled", "in_progress")
    books["orders"]["on_hold"] = True
    assert [each for each in found_in(books) if each.kind is Kind.STAGE] == []


@pytest.mark.parametrize(
    ("stage", "heard", "agree"),
    [
        ("closed", "closed", True),
        ("closed", "fulfilled", True),  # closed by a release that did not tell customers
        ("fulfilled", "closed", True),  # opened again
        ("closed", "in_progress", False),
        ("cancelled", "fulfilled", False),
    ],
)
def test_customers_copy_of_an_ended_order_is_of_its_end(
    stage: str, heard: str, *, agree: bool
) -> None:
    books = a_cancelled_order()
    for part in (books["orders"], books["inventory"]):
        part["stage"] = stage
    for service in ("shipping", "aftersales"):
        books[service]["copy"]["stage"] = stage
    books["customers"]["copy"]["stage"] = heard

    named = [(each.expected, each.found) for each in found_in(books) if each.kind is Kind.COPY]

    assert named == ([] if agree else [(stage, heard)])


def test_what_a_scan_signed_in_full_stays_fulfilled_though_its_receipt_shows_less() -> None:
    books = a_shipped_order()
    for part in (books["orders"], books["inventory"]):
        part["stage"] = "fulfilled"
    for service in ("customers", "shipping", "aftersales"):
        books[service]["copy"]["stage"] = "fulfilled"
    for shipments in (books["shipping"], books["orders"], books["aftersales"]):
        shipments["shipments"][0]["state"] = "signed"
    for line, receipt in zip(
        books["orders"]["lines"], books["shipping"]["shipments"][0]["lines"], strict=True
    ):
        line["signed"] = receipt["signed"] = str(int(line["shipped"]) - 1)

    assert [each for each in found_in(books) if each.kind is Kind.STAGE] == []

    books["shipping"]["shipments"][0]["lines"][1]["quantity"] = "4"
    (found,) = (each for each in found_in(books) if each.kind is Kind.STAGE)
    assert found.subject == "not served: line 2 (PAPER)", "less than ordered has arrived"


def test_what_an_ended_order_still_holds_can_be_mended_by_telling_again() -> None:
    books = a_cancelled_order()
    books["inventory"]["stock"][0]["quantity"] = "5"

    (found,) = found_in(books)

    assert found.repair is not None
    assert (found.repair.mend, found.repair.key) == (Mend.ANNOUNCE, ORDER_ID)


def test_what_is_held_for_an_order_that_orders_does_not_know_is_named() -> None:
    books = {**a_confirmed_order(), "orders": None}

    found = found_in(books)

    assert {each.kind for each in found} == {Kind.UNKNOWN_ORDER}
    assert len(found) == 4


def test_an_order_in_a_conversation_is_not_judged() -> None:
    books = a_confirmed_order()
    books["orders"] |= {"busy_with": "x", "busy_state": "running"}
    books["customers"]["credit"]["reservation"] = "0"

    order = OrderBooks(ORDER_ID, **books)

    assert [*holdings.compare(order), *axes.compare(order)] == []


# -- balances, copies, messages ------------------------------------------------------------

BALANCE = {
    "product_code": "PAPER", "store_code": "MAIN", "condition": "good", "material_code": "PULP",
    "on_hand": "10.000", "reserved": "4.000", "ledger_on_hand": "10", "ledger_reserved": "4",
    "held": "4",
}  # fmt: skip
ACCOUNT = {
    "code": "C1", "exposure": "70.00", "orders_exposure": "70", "granted": "0",
    "orders_granted": "0", "customer_credit": "30.00", "ledger_credit": "30",
    "verified_payments": "100", "orders_refunded": "5.00", "orders_verified": "75.00",
}  # fmt: skip


@pytest.mark.parametrize(
    ("compare", "row", "field", "kind"),
    [
        (ledgers.stock, BALANCE, "ledger_on_hand", Kind.STOCK_LEDGER),
        (ledgers.stock, BALANCE, "ledger_reserved", Kind.STOCK_LEDGER),
        (ledgers.stock, BALANCE, "held", Kind.STOCK_RESERVED),
        (ledgers.materials, BALANCE, "ledger_on_hand", Kind.MATERIAL_LEDGER),
        (ledgers.materials, BALANCE, "held", Kind.MATERIAL_RESERVED),
        (ledgers.accounts, ACCOUNT, "orders_exposure", Kind.EXPOSURE),
        (ledgers.accounts, ACCOUNT, "orders_granted", Kind.EXPOSURE),
        (ledgers.accounts, ACCOUNT, "ledger_credit", Kind.CREDIT_LEDGER),
        (ledgers.accounts, ACCOUNT, "verified_payments", Kind.MONEY),
    ],
)
def test_a_balance_that_is_not_its_sum_is_named(
    compare: Callable[[Any], Iterator[Difference]], row: dict[str, str], field: str, kind: Kind
) -> None:
    assert list(compare(row)) == []

    (found,) = compare({**row, field: "1"})

    assert found.kind is kind


CUSTOMER = {"key": "1", "code": "C1", "sequence": 3, "name": "华昌"}


@pytest.mark.parametrize(
    ("original", "copy", "differs"),
    [
        (CUSTOMER, CUSTOMER, False),
        ({**CUSTOMER, "sequence": 0}, None, False),
        (CUSTOMER, None, True),
        (None, CUSTOMER, True),
        (CUSTOMER, {**CUSTOMER, "sequence": 2}, True),
        (CUSTOMER, {**CUSTOMER, "name": "华昌纸品"}, True),
    ],
)
def test_a_copy_is_its_originals_newest_view(original: Any, copy: Any, *, differs: bool) -> None:
    found = list(copies.compare(original, copy, where="orders", noun="customer"))

    assert [each.kind for each in found] == [Kind.COPY] * differs


def test_only_what_a_service_listens_to_is_asked_of_it() -> None:
    page = [{"name": "order_approved", "version": 1}, {"name": "order_closed", "version": 2}]

    assert messages.wanted(page, {"order_approved"}) == page[:1]
    assert messages.wanted(page, {"order_closed"}) == []
    assert messages.wanted(page, {"order_closed_v2"}) == page[1:]
    assert messages.wanted(page, {"#"}) == page


def test_an_outbox_is_stuck_only_after_a_while() -> None:
    assert list(messages.unsent("orders", {"unsent": 3, "oldest_unsent_seconds": "2"})) == []

    (found,) = messages.unsent("orders", {"unsent": 3, "oldest_unsent_seconds": "60"})

    assert (found.kind, found.found) == (Kind.UNSENT, "3 unsent, the oldest for 60 s")


def test_books_are_merged_by_key_whatever_is_missing_where() -> None:
    left, right = ([{"key": key} for key in keys] for keys in ("acd", "bc"))

    merged = [
        (key, tuple(row is not None for row in rows))
        for key, rows in reader.side_by_side([iter(left), iter(right)])
    ]

    assert merged == [
        ("a", (True, False)), ("b", (False, True)), ("c", (True, True)), ("d", (True, False)),
    ]  # fmt: skip


# -- the whole -----------------------------------------------------------------------------


class Shelf:
    """Books that are lists; `looks` counts how often stock was looked at."""

    def __init__(self, stock: list[list[dict[str, Any]]] | None = None) -> None:
        self.stock = stock or [[]]
        self.books: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.looks = 0
        self.unsent = 0
        self.missing: list[str] = []
        self.commands: list[tuple[str, str, Any]] = []
        self.refuses = False
        self.keys: list[str] = []

    def ask(self, service: str, method: str, body: Any) -> Any:
        if method == "listening":
            return {"orders": ["order_closed"]} if service == "shipping" else {}
        if method == "missing_messages":
            return {"missing": self.missing}
        return {"items": deepcopy(self._rows(service, body["book"])), "next": None}

    def _rows(self, service: str, book: str) -> list[dict[str, Any]]:
        if book == "traffic":
            waits = self.unsent if service == "orders" else 0
            row = {"unsent": waits, "waiting": 0, "oldest_unsent_seconds": 0, "last_id": 1}
            return [{"key": "-", **row}]
        if book == "stock":
            self.looks += 1
            return self.stock[min(self.looks, len(self.stock)) - 1]
        return self.books.get((service, book), [])

    def command(self, service: str, method: str, body: Any, *, key: str = "") -> Any:
        self.keys.append(key)
        if self.refuses:
            raise Unavailable
        self.commands.append((service, method, body))


def audit(shelf: Shelf) -> Audit:
    return Audit(shelf, quiet_seconds=0, second_look_seconds=0)


def test_a_clean_system_is_looked_at_once() -> None:
    shelf = Shelf([[{"key": "1", **BALANCE}]])

    report = audit(shelf).run()

    assert (report.differences, report.compared, shelf.looks) == ([], {"balances": 1}, 1)


def test_a_difference_that_is_gone_at_the_second_look_is_not_reported() -> None:
    shelf = Shelf([[{"key": "1", **BALANCE, "held": "3"}], [{"key": "1", **BALANCE}]])

    assert audit(shelf).run().differences == []
    assert shelf.looks == 2


def test_a_difference_that_stays_is_reported_once() -> None:
    shelf = Shelf([[{"key": "1", **BALANCE, "held": "3"}]])

    (found,) = audit(shelf).run().differences

    assert str(found).startswith("stock_reserved  inventory: PAPER in MAIN, good reserved")


def test_a_system_that_never_rests_is_audited_and_said_so() -> None:
    shelf = Shelf()
    shelf.unsent = 1

    report = audit(shelf).run()

    assert (report.was_quiet, report.differences) == (False, [])


def broken_shelf() -> Shelf:
    """An event that shipping lacks, a conversation half done, a message parked."""
    shelf = Shelf()
    name = {"order_number": "D261122-000001"}
    shelf.missing = ["m1"]
    shelf.books["orders", "sent"] = [
        {"key": 1, "message_id": "m1", "name": "order_closed", "version": 1,
         "aggregate_type": "order", "aggregate_id": ORDER_ID, **name}
    ]  # fmt: skip
    shelf.books["shipping", "half_done"] = [
        {"key": "t1", "kind": "release", "state": "running", "attempts": 3, "created_at": "10:00",
         "deadline": "10:01", **name}
    ]  # fmt: skip
    shelf.books["customers", "failed"] = [
        {"key": 7, "listener": "free", "source": "orders", "name": "order_closed", "error": "no",
         "state": "parked", "attempts": 8, **name}
    ]  # fmt: skip
    return shelf


def test_missing_messages_half_done_talks_and_parked_messages_are_named_with_the_order() -> None:
    found = audit(broken_shelf()).run().differences

    assert [(each.kind, each.where) for each in found] == [
        (Kind.MISSING_MESSAGE, "shipping"),
        (Kind.PARKED, "customers"),
        (Kind.HALF_DONE, "shipping"),
    ]
    assert {each.order_number for each in found} == {"D261122-000001"}


def test_repair_does_what_is_safe_and_leaves_the_rest() -> None:
    shelf = broken_shelf()
    report = audit(shelf).run()

    audit(shelf).repair(report)

    assert shelf.commands == [
        ("orders", "send_again", {"keys": ["m1"]}),
        ("shipping", "take_up_now", {"keys": ["t1"]}),
    ]
    assert report.done == ["1 of orders sent again", "1 of shipping taken up"]


def test_a_repair_that_is_refused_is_told_and_the_others_go_on() -> None:
    shelf = broken_shelf()
    report = audit(shelf).run()
    shelf.refuses = True

    audit(shelf).repair(report)

    assert [line.split(":")[0] for line in report.done] == [
        "1 of orders not sent again",
        "1 of shipping not taken up",
    ]


def test_an_anomaly_is_raised_for_each_order_named_and_once_a_day() -> None:
    shelf = broken_shelf()
    report = audit(shelf).run()

    audit(shelf).raise_anomalies(report, date(2026, 11, 22))
    audit(shelf).raise_anomalies(report, date(2026, 11, 22))

    ((service, method, body), again) = shelf.commands
    assert (service, method, body["order_number"]) == (
        "orders", "raise_anomaly", "D261122-000001",
    )  # fmt: skip
    assert (body["cause"], body["priority"]) == ("system", "urgent")
    assert "missing_message  shipping" in body["text"]
    assert again == (service, method, body)
    assert len(set(shelf.keys)) == 1
