"""Books that are refused, interrupted, mended and brought again, through the whole system."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from deploy.import_books.load import (
    Incomplete,
    WrongBooks,
    check_against,
    load_book,
    read_and_check,
)
from deploy.import_books.sending import Api
from deploy.import_books.steps import looked_up
from deploy.local.problems import Problem
from tests.system import System

Files = Callable[..., Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Write a folder of books, in place of those written before."""

    def write(**tables: str) -> Path:
        for old in tmp_path.iterdir():
            old.unlink()
        for name, text in tables.items():
            (tmp_path / f"{name}.csv").write_text(text)
        return tmp_path

    return write


CUSTOMERS = "customer_code,name,grade\n"
CONTACTS = "customer_code,name,phone,may_sign\n"
SEALS = "customer_code,seal_code\n"
ADDRESSES = "customer_code,address\n"

PRODUCTS = "product_code,name,unit,default_supply,on_hand\n"
ORDERS = "order_number,customer_code,ordered_on\n"
LINES = "order_number,product_code,quantity,unit_price\n"


@pytest.fixture
def api(system: System) -> Api:
    return Api(system.url, system.passwords)


def test_an_import_whose_session_has_ended_stops_at_once_and_says_so(
    api: Api, system: System, files: Files
) -> None:
    folder = files(regions="region_code,name\nAGAIN-1,一\nAGAIN-2,二\nAGAIN-3,三\n")
    book = read_and_check(folder)
    api.require({"carriers.read"})
    token = {"Authorization": f"Bearer {api._seats[0].token}"}
    assert requests.delete(f"{system.url}/api/v1/session", headers=token, timeout=30).ok

    with pytest.raises(Incomplete) as incomplete:
        load_book(book, api)

    assert str(incomplete.value).startswith("The system does not answer: ")
    assert "AGAIN" not in str(incomplete.value)


def test_a_dry_run_finds_what_only_the_system_knows_and_sends_nothing(
    api: Api, files: Files
) -> None:
    sellers = "customer_code,name,salesperson\nDRY-1,甲,nobody\nDRY-2,乙,clerk\nDRY-3,丙,sales\n"
    folder = files(
        customers=sellers,
        orders=ORDERS + "DRY-1,DRY-1,2026-01-01\n",
        order_lines=(LINES + "DRY-1,DRY-1,1,1\n"),
    )

    with pytest.raises(WrongBooks) as wrong:
        check_against(read_and_check(folder), api)

    unknown = "DRY-1 is neither in products.csv nor in the system"
    assert [str(each) for each in wrong.value.mistakes] == [
        "customers.csv row 2, column salesperson: nobody has no account",
        "customers.csv row 3, column salesperson: clerk has not the role sales",
        f"order_lines.csv row 2, column product_code: {unknown}",
    ]
    assert looked_up(api)("customers", "DRY-3") is None


def test_who_may_not_import_is_told_before_anything_is_sent(system: System, files: Files) -> None:
    seller = Api(system.url, {"sales": system.passwords["sales"]})
    book = read_and_check(files(regions="region_code,name\nDRY-1,一\n"))

    with pytest.raises(Problem, match=r"carriers\.change"):
        check_against(book, seller)


def test_a_code_that_the_system_cannot_know_is_a_mistake_of_its_row(api: Api) -> None:
    look = looked_up(api)
    assert look("products", "rj-1") is None
    assert look("products", "收银纸") is None
    assert look("customers", "NOBODY") is None


def test_what_is_told_of_customers_who_are_there_is_put_on_their_files(
    api: Api, files: Files
) -> None:
    load_book(read_and_check(files(customers=CUSTOMERS + "PARTS,部分,\n")), api)
    parts = {
        "contacts": CONTACTS + "PARTS,张建华,13800000000,yes\nPARTS,李敏,,\n",
        "seals": SEALS + "PARTS,合同章\n",
        "addresses": ADDRESSES + "PARTS,北京市海淀区学院路 5 号\n",
    }

    first = load_book(read_and_check(files(**parts)), api)
    second = load_book(read_and_check(files(**parts)), api)

    assert first.made == {"contacts": 2, "seals": 1, "addresses": 1}
    assert second.there == first.made
    assert not any(second.made.values())
    page = api.get("customers.read", "/customers/PARTS")
    assert page is not None
    assert sorted(each["name"] for each in page.body["contacts"]) == ["张建华", "李敏"]
    assert [each["code"] for each in page.body["seals"]] == ["合同章"]
    assert len(page.body["addresses"]) == 1


def test_parts_of_new_customers_come_with_them_and_are_counted(api: Api, files: Files) -> None:
    folder = files(customers=CUSTOMERS + "WHOLE,整,\n", contacts=CONTACTS + "WHOLE,张建华,,\n")

    assert load_book(read_and_check(folder), api).made == {"customers": 1, "contacts": 1}


def test_only_a_customer_whom_an_import_made_gets_the_grade_of_the_file(
    api: Api, files: Files
) -> None:
    api.post("customers.change", "/customers", {"customer_code": "BY-HAND", "name": "手工"})
    interrupted = {"customer_code": "BY-IMPORT", "name": "导入"}
    api.post("customers.change", "/customers", interrupted)
    folder = files(customers=CUSTOMERS + "BY-HAND,华联,A\nBY-IMPORT,导入,A\n")

    load_book(read_and_check(folder), api)

    found = [api.get("customers.read", f"/customers/BY-{who}") for who in ("HAND", "IMPORT")]
    assert [page and page.body["grade"] for page in found] == ["C", "A"]


def test_a_product_that_is_no_longer_sold_is_ended_though_it_has_substitutes(
    api: Api, files: Files
) -> None:
    rows = "END-1,旧纸,卷,stock,END-2,no\nEND-2,新纸,卷,stock,,yes\n"
    columns = "product_code,name,unit,default_supply,substitutes,active\n"

    load_book(read_and_check(files(products=columns + rows)), api)

    found = [api.get("products.read", f"/products/END-{number}") for number in (1, 2)]
    assert [page and page.body["active"] for page in found] == [False, True]


def test_who_ordered_first_is_served_first_and_what_is_given_up_is_no_longer_short(
    api: Api, files: Files
) -> None:
    books = {
        "customers": CUSTOMERS + "SHORT,缺货,\n",
        "products": PRODUCTS + "SHORT-1,收银纸,卷,stock,10\n",
        "orders": ORDERS + "SHORT-2,SHORT,2026-02-01\nSHORT-1,SHORT,2026-01-01\n",
        "order_lines": LINES + "SHORT-2,SHORT-1,6,1\nSHORT-1,SHORT-1,6,1\nSHORT-1,SHORT-1,2,1\n",
    }

    first = load_book(read_and_check(files(**books)), api)

    (short,) = first.short
    assert (short.reference, short.line_no, short.held) == ("SHORT-2", 1, Decimal(0))
    order = api.get("orders.read", f"/orders/{short.order_number}")
    assert order is not None
    consent = {"line_no": 1, "reason": "other", "consent_by": "张建华"}
    given_up = f"/orders/{short.order_number}/actions/short_close_line"
    api.post("orders.short_close", given_up, consent, etag=order.etag)
    assert load_book(read_and_check(files(**books)), api).short == []


def test_a_refused_row_leaves_the_rest_in_and_is_taken_once_it_is_mended(
    api: Api, files: Files
) -> None:
    books = {
        "customers": CUSTOMERS + "MENDED,补正,\n",
        "products": PRODUCTS + "MENDED-1,收银纸,卷,stock,\n",
        "orders": "order_number,customer_code,ordered_on,fulfilled_on\n"
        "MENDED-1,MENDED,2026-01-05,2026-01-09\n",
        "order_lines": LINES + "MENDED-1,MENDED-1,3,1.50\n",
    }
    load_book(read_and_check(files(**books)), api)
    orders = books["orders"] + "MENDED-2,MENDED,2026-01-06,2026-01-09\n"
    lines = books["order_lines"] + "MENDED-2,MENDED-1,1,1\n"
    wrong = files(**books | {"orders": orders, "order_lines": lines.replace(",3,", ",4,")})

    with pytest.raises(Incomplete) as incomplete:
        load_book(read_and_check(wrong), api)

    row, goes_on = str(incomplete.value).splitlines()
    assert row.startswith("orders.csv row 2: ")
    assert "lines" in row
    assert goes_on == "What is in stays; mend these rows and import again."
    listed = api.get("orders.read", "/orders", customer_code="MENDED")
    assert listed is not None
    assert len(listed.body["items"]) == 2
    mended = files(**books | {"orders": orders, "order_lines": lines})
    assert load_book(read_and_check(mended), api).made["orders"] == 2
