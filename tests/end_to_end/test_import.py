"""Real books through the whole system: Northwind's, and the example book that `up` loads."""

import time
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
import requests

from deploy.demo.load import load_example_book
from deploy.import_books.load import Report, load_book, read_and_check
from deploy.import_books.sending import Api
from deploy.local.places import CHECKOUT
from tests.system import System

NORTHWIND = CHECKOUT.parent / "shared" / "data" / "northwind"
WITH_NORTHWIND = pytest.mark.skipif(
    not NORTHWIND.is_dir(), reason=f"the real books are not at {NORTHWIND}"
)
SETTLED_WITHIN_SECONDS = 60.0
PLACED = {"created_from": "1996-07-01", "created_to": "1998-12-31"}


class Desk:
    """The administrator, looking."""

    def __init__(self, system: System) -> None:
        self._url = f"{system.url}/api/v1"
        self._session = requests.Session()
        signed = self._session.post(
            f"{self._url}/session",
            json={"username": "admin", "password": system.passwords["admin"]},
            timeout=30,
        )
        self._session.headers["Authorization"] = f"Bearer {signed.json()['token']}"

    def get(self, path: str, **query: Any) -> Any:
        try:
            answer = self._session.get(self._url + path, params=query, timeout=30)
        except requests.ConnectionError:
            # The gateway closes a connection that was idle for long, also just now.
            answer = self._session.get(self._url + path, params=query, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        after: dict[str, str] = {}
        while True:
            page = self.get(path, limit=200, **query, **after)
            yield from page["items"]
            if page["next"] is None:
                return
            after = {"after": page["next"]}


WRITTEN = """
    select (select count(*) from outbox where body::json->'principal'->>'person_id' <> 'system'),
           (select count(*) from change_log where person_id <> 'system')
"""
# What goes on without a trace in these: events under way, and what is only copied.
UNDER_WAY = """
    select (select count(*) from outbox where sent_at is null), (select count(*) from inbox),
           (select count(*) from failed_message)
"""


def written(system: System) -> dict[str, Any]:
    """Count what each service has announced and logged, once all that was caused has happened.

    What clocks do by themselves, they do as the system: that is left out.
    """
    give_up = time.monotonic() + SETTLED_WITHIN_SECONDS
    before, now = None, (_counts(system), _counts(system, UNDER_WAY))
    while now != before:
        assert time.monotonic() < give_up, "the system does not come to rest"
        time.sleep(1.0)
        before, now = now, (_counts(system), _counts(system, UNDER_WAY))
    return now[0]


def _counts(system: System, query: str = WRITTEN) -> dict[str, Any]:
    counts = {}
    for service in ("orders", "customers", "inventory", "shipping"):
        connection = psycopg2.connect(system.database_url(service))
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                counts[service] = cursor.fetchone()
        finally:
            connection.close()
    return counts


def awaited_money(desk: Desk, number: str) -> dict[str, Any]:
    """Give an order's money once its page has it: a part that is slow is left out of a page."""
    give_up = time.monotonic() + SETTLED_WITHIN_SECONDS
    while True:
        part = desk.get(f"/orders/{number}/page")["money"]
        if part is not None and part["money"] is not None:
            money: dict[str, Any] = part["money"]
            return money
        assert time.monotonic() < give_up, f"no money of {number}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def northwind(system: System) -> tuple[Report, Report, Any, Any]:
    """Import the books twice; gives both reports, and what was written around the second."""
    book = read_and_check(NORTHWIND)
    first = load_book(book, Api(system.url, system.passwords))
    before = written(system)
    second = load_book(read_and_check(NORTHWIND), Api(system.url, system.passwords))
    return first, second, before, written(system)


@pytest.fixture(scope="module")
def desk(system: System) -> Desk:
    return Desk(system)


@WITH_NORTHWIND
def test_all_customers_products_and_orders_are_there_with_their_exact_amounts(
    northwind: Any, desk: Desk
) -> None:
    codes = {record.body["customer_code"] for record in read_and_check(NORTHWIND)["customers"]}
    found = [c for c in desk.all("/customers") if c["customer_code"] in codes]
    assert len(found) == 91
    products = [p for p in desk.all("/products") if p["code"].startswith("NW-")]
    assert len(products) == 77
    orders = list(desk.all("/orders", **PLACED))
    assert len(orders) == 830
    stages = [order["stage"] for order in orders]
    assert (stages.count("fulfilled"), stages.count("in_progress")) == (809, 21)
    assert sum(Decimal(order["total"]) for order in orders) == Decimal("1265793.29")


@WITH_NORTHWIND
def test_odd_phones_long_names_and_foreign_addresses_are_kept_as_they_were(
    northwind: Any, desk: Desk
) -> None:
    customer = desk.get("/customers/ANATR", unmask="proving the import")
    assert customer["name"] == "Ana Trujillo Emparedados y helados"
    assert customer["phone"] == "(5) 555-4729"
    (address,) = customer["addresses"]
    assert address["address"] == "Avda. de la Constitución 2222, México D.F., 05021, Mexico"
    (contact,) = customer["contacts"]
    assert (contact["name"], contact["title"]) == ("Ana Trujillo", "Owner")


@WITH_NORTHWIND
def test_a_past_order_keeps_its_dates_and_is_marked_imported(northwind: Any, desk: Desk) -> None:
    (row,) = [
        order
        for order in desk.all("/orders", customer_code="VINET", created_to="1996-07-04")
        if order["created_at"].startswith("1996-07-04")
    ]
    order = desk.get(f"/orders/{row['number']}")
    assert (order["imported"], order["past_reference"], order["total"]) == (
        True,
        "NW-10248",
        "440.00",
    )
    assert awaited_money(desk, row["number"])["receivable"] == "0.00"


@WITH_NORTHWIND
def test_open_orders_hold_each_line_whole_where_there_is_enough_and_the_rest_is_listed(
    northwind: Any, desk: Desk
) -> None:
    first: Report = northwind[0]
    assert len(first.open_orders) == 21
    short = {(line.order_number, line.line_no) for line in first.short}
    reserved: dict[str, Decimal] = defaultdict(Decimal)
    for opened in first.open_orders:
        page = desk.get(f"/orders/{opened.number}/page")
        held = {line["line_id"]: Decimal(line["held"]) for line in page["holdings"]["lines"]}
        for line in page["order"]["lines"]:
            is_short = (opened.number, line["line_no"]) in short
            assert held[line["id"]] == (0 if is_short else Decimal(line["quantity"]))
            reserved[line["product_code"]] += held[line["id"]]
    for line in first.short:
        stock = desk.get(f"/products/{line.product_code}")["stock"]
        assert sum(Decimal(balance["free"]) for balance in stock) < line.quantity
    for code, quantity in reserved.items():
        stock = desk.get(f"/products/{code}")["stock"]
        assert sum((Decimal(s["reserved"]) for s in stock), Decimal(0)) == quantity


@WITH_NORTHWIND
def test_a_second_import_changes_and_announces_nothing(northwind: Any) -> None:
    first, second, before, after = northwind
    assert (first.made["customers"], first.made["products"]) == (91, 77)
    kinds = ("customers", "products", "opening balances", "price schemes", "products ended")
    assert {kind: second.made[kind] for kind in kinds} == dict.fromkeys(kinds, 0)
    assert (second.there["customers"], second.there["products"]) == (91, 77)
    assert second.short == first.short
    assert after == before


def test_the_example_book_gives_customers_of_each_grade_and_is_loaded_once(
    system: System, desk: Desk
) -> None:
    load_example_book(system.url, system.passwords)
    before = written(system)
    again = load_example_book(system.url, system.passwords)
    assert {kind: made for kind, made in again.made.items() if made} == {
        "orders": 4,
        "open orders": 1,
    }
    assert written(system) == before
    grades = {
        code: desk.get(f"/customers/{code}")["grade"] for code in ("HUALIAN", "CHENGUANG", "LIMING")
    }
    assert grades == {"HUALIAN": "A", "CHENGUANG": "B", "LIMING": "C"}
    quote = desk.get("/prices", customer_code="HUALIAN", product_code="RJ-8080", quantity="1000")
    assert (quote["unit_price"], quote["scheme_code"]) == ("4.500000", "RJ-8080-HUALIAN")
    need = desk.get("/products/RJ-8080/material-demand", quantity="1000")["items"]
    assert {each["material_code"] for each in need} == {"YZ-RM65", "FL-ZG25", "FL-ZX", "FL-FC"}
