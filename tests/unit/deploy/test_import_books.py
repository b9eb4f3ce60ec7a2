"""Reading and checking a company's books before anything is sent."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deploy.commands.import_books import not_looked_up
from deploy.demo.load import EXAMPLE_BOOK
from deploy.import_books import load
from deploy.import_books.checking import LARGEST_TOTAL, amount_of, check_outside, check_salespeople
from deploy.import_books.load import AT_ONCE, Incomplete, Report, WrongBooks, read_and_check
from deploy.import_books.rows import Mistake, Row
from deploy.import_books.sending import Answered, Api, NotAnswering, Refused, described, key_of
from deploy.import_books.steps import Phase, Step, phases
from deploy.import_books.tables import TABLES
from deploy.local.places import CHECKOUT
from deploy.local.ports import free_ports
from deploy.local.problems import Problem
from services.orders.domain.order import LARGEST_TOTAL as LARGEST_ORDER

Files = Callable[..., Path]

CUSTOMERS = "customer_code,name,grade\nHUALIAN,华联超市,A\n"
PRODUCTS = "product_code,name,unit,default_supply\nRJ-1,收银纸,卷,stock\n"
ORDERS = "order_number,customer_code,ordered_on,fulfilled_on\nX-1,HUALIAN,2026-01-05,2026-01-09\n"
LINES = "order_number,product_code,quantity,unit_price\nX-1,RJ-1,3,1.50\n"
PRICES = (
    "scheme_code,name,product_code,customer_code,min_quantity,unit_price,valid_from,valid_until\n"
    "S,价,RJ-1,HUALIAN,0,2,2026-01-01,2026-12-31\n"
)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Write a folder of books: sound ones, but for the tables that a test gives."""

    def write(encoding: str = "utf-8", **tables: str) -> Path:
        sound = {
            "customers": CUSTOMERS,
            "products": PRODUCTS,
            "orders": ORDERS,
            "order_lines": LINES,
        }
        for name, text in (sound | tables).items():
            (tmp_path / f"{name}.csv").write_bytes(text.encode(encoding))
        return tmp_path

    return write


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(WrongBooks) as wrong:
        read_and_check(folder)
    return [str(mistake) for mistake in wrong.value.mistakes]


def row_of(number: int) -> Row:
    return Row("customers.csv", number, {})


def test_sound_books_have_no_mistakes(files: Files) -> None:
    book = read_and_check(files())
    assert {name: len(rows) for name, rows in book.tables.items() if rows} == {
        "customers": 1,
        "products": 1,
        "orders": 1,
        "order_lines": 1,
    }
    assert not book.outside


def test_all_mistakes_are_told_at_once_each_with_file_row_and_column(files: Files) -> None:
    folder = files(
        customers="customer_code,name,grade\nhualian,华联,A\n,无名,D\nHUALIAN,华联超市,A\n",
        orders=ORDERS + "X-2,HUALIAN,2026-13-01,\nX-3,HUALIAN,2026-02-05,2026-02-01\n",
        order_lines=LINES + "X-2,RJ-1,many,1\nX-3,RJ-1,1,1.0000001\nX-9,RJ-1,1,1\n",
    )
    told = mistakes(folder)
    assert [each.split(": ", 1)[0] for each in told] == [
        "customers.csv row 2, column customer_code",
        "customers.csv row 3, column customer_code",
        "customers.csv row 3, column grade",
        "order_lines.csv row 3, column quantity",
        "order_lines.csv row 4, column unit_price",
        "order_lines.csv row 5, column order_number",
        "orders.csv row 3, column ordered_on",
        "orders.csv row 4, column fulfilled_on",
    ]
    assert "Must be one of: A, B, C." in told[2]
    assert told[6] == "orders.csv row 3, column ordered_on: '2026-13-01': Not a valid date."


def test_a_row_is_counted_as_a_spreadsheet_counts_it(files: Files) -> None:
    folder = files(customers='customer_code,name,notes\nA,甲,"两行\n注"\n\nB,乙,\nc,丙,\n')
    (told,) = [each for each in mistakes(folder) if each.startswith("customers.csv")]
    assert told.startswith("customers.csv row 5, column customer_code")


@pytest.mark.parametrize(
    ("table", "text", "told"),
    [
        ("customers", "customer_code\nHUALIAN\n", "customers.csv row 1, column name: is missing"),
        (
            "order_lines",
            LINES.replace("unit_price", "price"),
            "order_lines.csv row 1, column unit_price: is missing",
        ),
        (
            "products",
            PRODUCTS.replace("\nRJ-1,", ",colour\nRJ-1,").replace("stock\n", "stock,red\n"),
            "products.csv row 1, column colour: is no column; there are product_code, name, spec,",
        ),
        ("customers", "", "customers.csv row 1: is empty: the first row names the columns"),
        (
            "customers",
            CUSTOMERS + "B,乙,B,too,many\n",
            "customers.csv row 3: has 5 cells, the header has 3",
        ),
        (
            "customers",
            CUSTOMERS + "HUALIAN,又一个,B\n",
            "customers.csv row 3, column customer_code: HUALIAN stands in row 2 already",
        ),
        (
            "addresses",
            "customer_code,address,is_default\nHUALIAN,一号库,是\nHUALIAN,二号库,是\n",
            "addresses.csv row 3, column is_default: the default address is that of row 2 already",
        ),
        ("order_lines", LINES.splitlines()[0] + "\n", "orders.csv row 2, column order_number: has"),
    ],
)
def test_a_file_that_is_not_as_described_says_what_is_wrong(
    files: Files, table: str, text: str, told: str
) -> None:
    assert any(each.startswith(told) for each in mistakes(files(**{table: text})))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_files_as_excel_writes_them_are_read(files: Files, encoding: str) -> None:
    book = read_and_check(files(encoding))
    assert book["customers"][0].body["name"] == "华联超市"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_first_line_that_tells_excel_the_separator_is_taken_as_excel_takes_it(
    files: Files, separator: str
) -> None:
    text = CUSTOMERS + "hualian,华联,A\n"
    folder = files(customers=f"sep={separator}\r\n" + text.replace(",", separator))
    (told,) = mistakes(folder)
    assert told.startswith("customers.csv row 3, column customer_code: 'hualian'")


def test_a_folder_without_books_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="has none of"):
        read_and_check(tmp_path)
    with pytest.raises(Problem, match="is no folder"):
        read_and_check(tmp_path / "nowhere")
    with pytest.raises(Problem, match="cannot be read: File name too long"):
        read_and_check(tmp_path / ("n" * 300))


def test_codes_that_no_file_names_are_asked_for_and_told_with_their_rows(files: Files) -> None:
    folder = files()
    (folder / "customers.csv").unlink()
    book = read_and_check(folder)
    found: list[Mistake] = []
    asked: list[tuple[str, str]] = []

    def look(table: str, code: str) -> dict[str, Any] | None:
        asked.append((table, code))
        return {"customer_code": code} if len(asked) > 1 else None

    check_outside(book, look, found)
    check_outside(book, look, found)
    what = "HUALIAN is neither in customers.csv nor in the system"
    assert [str(each) for each in found] == [f"orders.csv row 2, column customer_code: {what}"]
    assert asked == [("customers", "HUALIAN")] * 2


@pytest.mark.parametrize(
    ("columns", "cells", "amount"),
    [
        ("", "", "4.50"),
        (",discount_percent", ",10", "4.05"),
        (",discount_percent", ",0.1", "4.50"),
        (",amount", ",4.44", "4.44"),
    ],
)
def test_a_line_is_worth_what_was_told_or_what_it_reckons_to_half_up(
    files: Files, columns: str, cells: str, amount: str
) -> None:
    header, row = LINES.splitlines()
    book = read_and_check(files(order_lines=f"{header}{columns}\n{row}{cells}\n"))
    assert amount_of(book["order_lines"][0]) == Decimal(amount)


def test_an_amount_above_quantity_times_price_is_a_mistake(files: Files) -> None:
    header, row = LINES.splitlines()
    (told,) = mistakes(files(order_lines=f"{header},amount\n{row},4.51\n"))
    assert told == "order_lines.csv row 2, column amount: is more than quantity × unit_price"


def test_rows_of_one_price_scheme_must_not_differ_but_in_their_breaks(files: Files) -> None:
    head = "scheme_code,name,product_code,grade,min_quantity,unit_price,valid_from\n"
    rows = "S,价,RJ-1,A,0,2,2026-01-01\nS,价,RJ-1,B,100,1.9,2026-01-01\n"
    (told,) = mistakes(files(prices=head + rows))
    assert told.startswith("prices.csv row 3, column scheme_code: tells something else")


def test_open_orders_come_last_and_oldest_first(files: Files) -> None:
    orders = (
        "order_number,customer_code,ordered_on,fulfilled_on\n"
        "X-3,HUALIAN,2026-03-01,\nX-2,HUALIAN,2026-02-01,\nX-1,HUALIAN,2026-04-01,2026-04-02\n"
    )
    lines = "order_number,product_code,quantity,unit_price\n" + "".join(
        f"X-{number},RJ-1,1,1\n" for number in (1, 2, 3)
    )
    planned = phases(read_and_check(files(orders=orders, order_lines=lines)), [])
    kinds: list[Any] = [
        (phase.in_order, [step.row.cells["order_number"] for step in phase.steps])
        for phase in planned
        if phase.steps and phase.steps[0].kind.endswith("orders")
    ]
    assert kinds == [(False, ["X-1"]), (True, ["X-2", "X-3"])]


def test_the_key_of_a_request_is_its_content() -> None:
    assert key_of("/customers", {"a": 1, "b": 2}) == key_of("/customers", {"b": 2, "a": 1})
    assert key_of("/customers", {"a": 1}) != key_of("/customers", {"a": 2})
    assert key_of("/customers", {"a": 1}) != key_of("/products", {"a": 1})
    assert len(key_of("/customers", {})) <= 120


def test_the_example_book_is_sound_and_tells_of_every_grade() -> None:
    book = read_and_check(EXAMPLE_BOOK)
    assert {record.body["grade"] for record in book["customers"]} == {"A", "B", "C"}
    assert {record.body["default_supply"] for record in book["products"]} == {"stock", "make"}
    made = {r.body["code"] for r in book["products"] if r.body["default_supply"] == "make"}
    assert {record.body["product_code"] for record in book["recipes"]} == made
    priced = {record.body["product_code"] for record in book["prices"]}
    assert priced == {record.body["code"] for record in book["products"]}
    signs = {r.body["customer_code"] for r in book["contacts"] if r.body.get("may_sign")}
    assert signs == {record.body["customer_code"] for record in book["customers"]}
    assert not book.outside


def test_every_column_is_described() -> None:
    page = (CHECKOUT / "docs" / "import.md").read_text()
    for table in TABLES.values():
        section = page.split(f"### {table.file}\n", 1)[1].split("\n### ", 1)[0]
        for column in table.columns:
            assert f"`{column}`" in section, f"{table.file}: {column}"


def test_a_file_that_is_no_table_is_told_as_what_it_is(files: Files) -> None:
    folder = files(
        customers="",
        products="product_code;name;unit;default_supply\nRJ-1;收银纸;卷;stock\n",
        orders="\n\n" + ORDERS,
    )
    (folder / "order_lines.csv").write_bytes(LINES.encode("utf-16"))
    assert mistakes(folder) == [
        "customers.csv row 1: is empty: the first row names the columns",
        "order_lines.csv row 1: is neither UTF-8 nor GB 18030: save it as CSV UTF-8",
        "orders.csv row 1: is empty: the first row names the columns",
        "products.csv row 1: is not separated by commas, and no first line like sep=; says by what",
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_no_known_encoding_is_told_once_with_what_to_do(
    files: Files, encoding: str
) -> None:
    folder = files()
    (folder / "customers.csv").write_bytes(CUSTOMERS.encode(encoding))

    with pytest.raises(WrongBooks) as wrong:
        read_and_check(folder)

    assert str(wrong.value).splitlines() == [
        "customers.csv row 1: is neither UTF-8 nor GB 18030: save it as CSV UTF-8",
        "1 mistake; nothing was sent.",
    ]


@pytest.mark.parametrize("separator", [";", "\t", "|", "，", "；"])
def test_a_file_with_other_separators_is_told_as_such_and_not_column_by_column(
    files: Files, separator: str
) -> None:
    told = mistakes(files(customers=CUSTOMERS.replace(",", separator)))

    assert told == [
        "customers.csv row 1: is not separated by commas, and no first line like sep=; says by what"
    ]


def test_a_file_that_was_not_read_is_named_beside_the_mistakes_that_it_makes(files: Files) -> None:
    folder = files()
    (folder / "order_lines.csv").rename(folder / "order_line.csv")

    with pytest.raises(WrongBooks) as wrong:
        read_and_check(folder)

    assert str(wrong.value).splitlines() == [
        "orders.csv row 2, column order_number: has no line in order_lines.csv",
        "order_line.csv was not read: no file of that name is described",
        "1 mistake; nothing was sent.",
    ]


def test_a_quote_that_is_never_closed_is_told_also_in_the_first_row(files: Files) -> None:
    assert mistakes(files(customers='"customer_code,name\nC1,x\n'))[0] == (
        "customers.csv row 1: is no CSV: unexpected end of data"
    )


def test_empty_cells_to_the_right_of_a_table_are_nothing(files: Files) -> None:
    folder = files(customers="customer_code,name,grade,,\nHUALIAN,华联超市,A,,\n,,,,\n")
    assert len(read_and_check(folder)["customers"]) == 1
    told = mistakes(files(customers="customer_code,name,grade,,\nHUALIAN,华联超市,A,,甲\n"))
    assert told == ["customers.csv row 2: has 5 cells, the header has 3"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_files_end_them_and_not_within_a_name(files: Files, end: str) -> None:
    """A line separator of Unicode in a cell splits no row."""
    names = "HUALIAN,华联\u2028超市,A\nXINHUA,新华,B\n"
    book = read_and_check(
        files(customers=("customer_code,name,grade\n" + names).replace("\n", end))
    )
    assert [(record.row.number, record.body["name"]) for record in book["customers"]] == [
        (2, "华联\u2028超市"),
        (3, "新华"),
    ]


@pytest.mark.parametrize("day", ["2026/1/5", "2026/01/05", "2026-1-5", "2026.1.5"])
def test_a_day_may_stand_there_as_excel_writes_it(files: Files, day: str) -> None:
    book = read_and_check(files(orders=ORDERS.replace("2026-01-05", day)))
    assert book["orders"][0].body["ordered_on"] == "2026-01-05"


@pytest.mark.parametrize("day", ["5/1/2026", "2026/13/1", "2026/1-5", "2026年1月5日", "26/1/5"])
def test_a_day_that_could_be_another_is_refused(files: Files, day: str) -> None:
    (told,) = mistakes(files(orders=ORDERS.replace("2026-01-05", day)))
    assert told.startswith(f"orders.csv row 2, column ordered_on: '{day}': ")


@pytest.mark.parametrize("quantity", ["-3", "0", "1e999", "NaN", "9" * 20, '"1,000"'])
def test_a_quantity_that_is_none_is_told_with_its_row(files: Files, quantity: str) -> None:
    told = mistakes(files(order_lines=LINES.replace(",3,", f",{quantity},")))
    assert [each.split(":")[0] for each in told] == ["order_lines.csv row 2, column quantity"]


def test_half_a_roll_is_told_before_anything_is_sent(files: Files) -> None:
    products = "product_code,name,unit,unit_decimals,default_supply,on_hand\n"
    folder = files(
        products=products + "RJ-1,收银纸,卷,0,stock,10.5\nZL-2,纸浆,吨,2,stock,10.25\n",
        order_lines=LINES.replace(",3,", ",2.5,") + "X-1,ZL-2,0.125,1\nX-1,ZL-2,0.12,1\n",
    )
    assert mistakes(folder) == [
        "order_lines.csv row 2, column quantity: '2.5': its unit has 0 decimals",
        "order_lines.csv row 3, column quantity: '0.125': its unit has 2 decimals",
        "products.csv row 2, column on_hand: '10.5': its unit has 0 decimals",
    ]


def test_what_the_api_refuses_is_told_with_its_reasons() -> None:
    problem = {
        "detail": "Some fields are missing or wrong: valid_until.",
        "errors": [{"field": "valid_until", "messages": ["Must not lie before valid_from."]}],
    }

    assert described(problem, "Unprocessable") == (
        "Some fields are missing or wrong: valid_until.; "
        "valid_until: Must not lie before valid_from."
    )
    assert described({}, "Bad Gateway") == "Bad Gateway"


def test_nothing_more_is_tried_once_the_system_does_not_answer() -> None:
    api = Api("http://localhost", {})
    tried: list[int] = []

    def refused(_: Api) -> str:
        raise Refused(409, "code_taken", "The code is taken.")

    def away(_: Api) -> str:
        raise NotAnswering("no connection")

    def waits(asked: Api) -> str:
        tried.append(1)
        asked.ended.wait(60)
        return "made"

    takes = [refused, away] + [waits] * 20
    steps = [Step("customers", row_of(at), (), take) for at, take in enumerate(takes, start=2)]

    with pytest.raises(Incomplete) as incomplete:
        load._take(Phase(steps), api, Report(), load._progress(None))

    # Those under way end; the first two made room for one more each.
    assert len(tried) <= AT_ONCE + 2
    assert str(incomplete.value).endswith(
        "The system does not answer: no connection\n"
        "What is in stays; importing again goes on from there."
    )


def test_somebody_who_stops_an_import_ends_the_waits_of_all_its_steps() -> None:
    api = Api("http://localhost", {})

    def stopped(_: Api) -> str:
        raise KeyboardInterrupt

    def waits(asked: Api) -> str:
        asked.ended.wait(60)
        return "made"

    steps = [Step("customers", row_of(at), (), take) for at, take in enumerate([stopped, waits])]
    with pytest.raises(KeyboardInterrupt):
        load._take(Phase(steps), api, Report(), load._progress(None))

    assert api.ended.is_set()


def test_an_import_that_is_stopped_says_that_it_can_be_taken_up(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(load, "check_against", lambda *_: None)
    monkeypatch.setattr(load, "_take", stopped)

    with pytest.raises(Incomplete) as incomplete:
        load.load_book(read_and_check(files()), Api("http://localhost", {}))

    assert str(incomplete.value) == (
        "The import was stopped. What is in stays; importing again goes on from there."
    )


def test_what_is_there_under_another_name_or_in_another_unit_is_told_and_left_as_it_is(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {
        "/customers/HUALIAN": {"name": "华联百货", "grade": "A", "version": 2},
        "/products/RJ-1": {"name": "收银纸", "unit": "箱", "unit_decimals": 0},
    }
    api, report = Api("http://localhost", {}), Report()
    # Nothing but looks: a change would sign in, for which nobody is named.
    monkeypatch.setattr(api, "get", lambda _, path: Answered(there[path], None))

    masters = phases(read_and_check(files()), [])[0]
    load._take(masters, api, report, load._progress(None))

    assert report.lines() == [
        "products: 0 new, 1 there already",
        "customers: 0 new, 1 there already",
        "customers.csv row 2: is there with name '华联百货': left as it is",
        "products.csv row 2: is there with unit '箱': left as it is",
    ]


def test_all_refused_rows_are_told_but_no_more_than_can_be_read() -> None:
    def refused(_: Api) -> str:
        raise Refused(409, "code_taken", "The code is taken.")

    steps = [Step("customers", row_of(number), (), refused) for number in range(2, 604)]

    with pytest.raises(Incomplete) as incomplete:
        load._take(Phase(steps), Api("http://localhost", {}), Report(), load._progress(None))

    told = str(incomplete.value).splitlines()
    assert told[0] == "customers.csv row 2: The code is taken."
    assert told[500:] == ["… and 102 more", "What is in stays; mend these rows and import again."]


def test_a_system_that_is_not_there_is_no_refusal() -> None:
    (port,) = free_ports(1)
    with pytest.raises(NotAnswering, match="does not answer"):
        Api(f"http://127.0.0.1:{port}", {"admin": "x"}).require({"customers.change"})


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("order_lines", LINES.replace("RJ-1", "rj-1")),
        ("prices", PRICES.replace("RJ-1", "rj-1")),
        ("prices", PRICES.replace("HUALIAN", "华联")),
        ("recipes", "product_code,material_code,per_unit\nrj-1,M-1,1\n"),
    ],
)
def test_what_cannot_be_a_code_is_told_before_anybody_is_asked(
    files: Files, table: str, text: str
) -> None:
    (told,) = mistakes(files(**{table: text}))
    assert told.startswith(f"{table}.csv row 2")
    assert "Must be 1 to 20 of A-Z" in told


@pytest.mark.parametrize("column", ["ordered_on", "fulfilled_on"])
def test_a_day_to_come_is_a_mistake_of_old_books(files: Files, column: str) -> None:
    days = {"ordered_on": "2026-01-05", "fulfilled_on": "2096-01-09"} | {column: "2096-01-05"}
    told = mistakes(
        files(orders=f"{ORDERS.splitlines()[0]}\nX-1,HUALIAN,{','.join(days.values())}\n")
    )
    assert f"orders.csv row 2, column {column}: '2096-01-05': lies after today" in told


def test_a_wrong_heading_is_told_alone_and_first(files: Files) -> None:
    folder = files(
        customers="customer_code,name,grade\nHUALIAN,华联,Z\n",
        orders=ORDERS.replace("customer_code", "customer"),
    )
    assert [each.split(":")[0] for each in mistakes(folder)] == [
        "orders.csv row 1, column customer_code",
        "orders.csv row 1, column customer",
        "customers.csv row 2, column grade",
    ]


def test_a_cell_too_many_makes_no_other_row_a_mistake(files: Files) -> None:
    told = mistakes(files(orders=ORDERS.replace("2026-01-09\n", "2026-01-09,甲\n")))
    assert told == ["orders.csv row 2: has 5 cells, the header has 4"]


PROMOTIONS = "promotion_code,name,kind,threshold,value,valid_from,valid_until\n"
TENTHS = "".join(f"S,价,RJ-1,HUALIAN,{at},2,2026-01-01,2026-12-31\n" for at in range(1, 51))


@pytest.mark.parametrize(
    ("table", "text", "told"),
    [
        (
            "prices",
            PRICES.replace("2026-12-31", "2025-12-31"),
            "row 2, column valid_until: lies before valid_from",
        ),
        (
            "prices",
            PRICES + PRICES.splitlines()[1].replace(",0,", ",0.0,") + "\n",
            "row 3, column min_quantity: is that of row 2",
        ),
        ("prices", PRICES + TENTHS, "row 52, column scheme_code: S has more than 50 rows"),
        (
            "promotions",
            PROMOTIONS + "P,满减,discount,20,20,2026-01-01,2025-01-01\n",
            "row 2, column valid_until: lies before valid_from",
        ),
        (
            "promotions",
            PROMOTIONS + "P,满减,discount,20,20,2026-01-01,\n",
            "row 2, column value: is not below the threshold",
        ),
        (
            "contacts",
            "customer_code,name\n" + "".join(f"HUALIAN,{number}\n" for number in range(101)),
            "row 102, column customer_code: HUALIAN has more than 100 rows",
        ),
        (
            "products",
            "product_code,name,unit,default_supply,substitutes\nRJ-1,纸,卷,stock,RJ-1\n",
            "row 2, column substitutes: names the product itself",
        ),
    ],
)
def test_what_the_system_would_refuse_is_told_before_anything_is_sent(
    files: Files, table: str, text: str, told: str
) -> None:
    assert f"{table}.csv {told}" in mistakes(files(**{table: text}))


def test_an_order_that_no_system_takes_is_told_with_its_row(files: Files) -> None:
    assert LARGEST_TOTAL == LARGEST_ORDER
    told = mistakes(files(order_lines=LINES.replace(",3,1.50", ",100000,100000")))
    what = "is worth more than 9999999999.99"
    assert told == [f"orders.csv row 2, column order_number: {what}"]


@pytest.mark.parametrize(
    ("scheme", "told"),
    [(None, ["prices.csv row 2, column product_code: RJ-1 is no longer sold"]), ({}, [])],
)
def test_a_new_price_is_only_of_what_is_sold(files: Files, scheme: Any, told: list[str]) -> None:
    """Orders of the old books may name it all the same."""
    folder = files(prices=PRICES)
    (folder / "products.csv").unlink()
    ended = {"unit_decimals": 0, "active": False}
    found: list[Mistake] = []
    of_table = {"products": ended, "prices": scheme}

    check_outside(read_and_check(folder), lambda table, _: of_table[table], found)

    assert [str(each) for each in found] == told


def test_a_line_finer_than_the_unit_of_a_product_in_the_system_is_told(files: Files) -> None:
    folder = files(order_lines=LINES.replace(",3,", ",2.5,"))
    (folder / "products.csv").unlink()
    found: list[Mistake] = []

    check_outside(read_and_check(folder), lambda *_: {"unit_decimals": 0, "active": True}, found)

    what = "'2.5': its unit has 0 decimals"
    assert [str(each) for each in found] == [f"order_lines.csv row 2, column quantity: {what}"]


@pytest.mark.parametrize(
    ("account", "customer", "told"),
    [
        ({"locked": False, "roles": ["sales"]}, None, []),
        (None, {"customer_code": "HUALIAN"}, []),
        (None, None, ["zhou has no account"]),
        ({"locked": True, "roles": ["sales"]}, None, ["zhou has an account that is locked"]),
        ({"locked": False, "roles": ["clerk"]}, None, ["zhou has not the role sales"]),
    ],
)
def test_a_new_customer_is_given_only_to_somebody_who_may_sell(
    files: Files, account: dict[str, Any] | None, customer: Any, told: list[str]
) -> None:
    book = read_and_check(
        files(customers="customer_code,name,salesperson\nHUALIAN,华联超市,zhou\n")
    )
    found: list[Mistake] = []

    of_table = {"accounts": account, "customers": customer}
    check_salespeople(book, lambda table, _: of_table[table], found)

    assert [str(each) for each in found] == [
        f"customers.csv row 2, column salesperson: {each}" for each in told
    ]


def test_what_only_a_running_system_can_say_is_named(files: Files) -> None:
    folder = files(customers="customer_code,name,salesperson\nHUALIAN,华联超市,zhou\n")
    (folder / "products.csv").unlink()
    assert not_looked_up(read_and_check(folder)) == ["  products: RJ-1", "  salespeople: zhou"]


def test_a_file_that_is_not_utf_8_is_shown_as_it_was_read(files: Files) -> None:
    folder = files("gb18030")
    assert read_and_check(folder).remarks == [
        "customers.csv was read as GB 18030: is '华联超市' right?",
        "products.csv was read as GB 18030: is '收银纸' right?",
    ]
    french = "customer_code,name\nHUALIAN,Müller\n"
    (files() / "customers.csv").write_bytes(french.encode("cp1252"))
    (told,) = read_and_check(folder).remarks
    assert told.startswith("customers.csv was read as GB 18030: is 'M")


def test_files_are_known_by_their_names_in_any_letters_and_others_are_named(files: Files) -> None:
    folder = files()
    (folder / "orders.csv").rename(folder / "Orders.CSV")
    (folder / "contact.csv").write_text("customer_code,name\nHUALIAN,张\n")
    book = read_and_check(folder)
    assert len(book["orders"]) == 1
    assert book.remarks == ["contact.csv was not read: no file of that name is described"]


@pytest.mark.parametrize(
    ("table", "text", "told"),
    [
        (
            "customers",
            CUSTOMERS.replace("华联超市", "6.9E+12"),
            "column name: '6.9E+12': Excel has",
        ),
        ("order_lines", LINES.replace("3,1", '"1,000",1'), "column quantity: '1,000': Must be a"),
        ("order_lines", LINES.replace("3,1", '"1,000",1'), "12.5, without separators."),
        (
            "products",
            "product_code,name,unit,default_supply,active\nRJ-1,纸,卷,stock,Y\n",
            "column active: 'Y': Must be yes or no, 是 or 否.",
        ),
        (
            "products",
            "product_code,name,unit,default_supply,unit_decimals\nRJ-1,纸,卷,stock,2.0\n",
            "column unit_decimals: '2.0': Must be a whole number",
        ),
        (
            "customers",
            "customer_code,,name\nHUALIAN,甲,华联超市\n",
            "customers.csv row 1, column B: has no name",
        ),
    ],
)
def test_a_mistake_is_told_to_somebody_who_fills_in_a_sheet(
    files: Files, table: str, text: str, told: str
) -> None:
    (mistake,) = [each for each in mistakes(files(**{table: text})) if each.startswith(table)]
    assert told in mistake
