"""The adapter that knows Northwind's columns, on a page of books in its manner."""

from decimal import Decimal
from pathlib import Path

import pytest

from deploy.demo.load import EXAMPLE_BOOK
from deploy.import_books.checking import Book, amount_of
from deploy.import_books.load import WrongBooks, read_and_check
from deploy.import_books.northwind import is_northwind

FILES = {
    "customers": (
        "customer_id,company_name,contact_name,contact_title,address,city,region,postal_code,"
        "country,phone,fax\n"
        "BERGS,Berglunds snabbköp,Christina Berglund,Order Administrator,Berguvsvägen  8,Luleå,,"
        "S-958 22,Sweden,0921-12 34 65,0921-12 34 67\n"
        'GROSR,GROSELLA-Restaurante,Manuel Pereira,Owner,"5ª Ave. Los Palos Grandes",Caracas,DF,'
        "1081,Venezuela,(2) 283-2951,\n"
    ),
    "products": (
        "product_id,product_name,supplier_id,category_id,quantity_per_unit,unit_price,"
        "units_in_stock,units_on_order,reorder_level,discontinued\n"
        "5,Chef Anton's Gumbo Mix,2,2,36 boxes,21.3500003815,0,0,0,1\n"
        "11,Queso Cabrales,5,4,1 kg pkg.,21,22,30,30,0\n"
    ),
    "orders": (
        "order_id,customer_id,employee_id,order_date,required_date,shipped_date,ship_via,freight,"
        "ship_name,ship_address,ship_city,ship_region,ship_postal_code,ship_country\n"
        "10278,BERGS,8,1996-08-12,1996-09-09,1996-08-16,2,92.69,Berglunds snabbköp,"
        "Berguvsvägen  8,Luleå,,S-958 22,Sweden\n"
        "11065,GROSR,8,1998-05-01,1998-05-29,,1,12.91,GROSELLA,Ave. Los Palos Grandes,Caracas,"
        "DF,1081,Venezuela\n"
    ),
    "order_details": (
        "order_id,product_id,unit_price,quantity,discount\n"
        "10278,5,16.7999992371,15,0.150000005960464\n"
        "11065,11,21,4,0\n"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


@pytest.fixture
def book(folder: Path) -> Book:
    return read_and_check(folder)


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(WrongBooks) as wrong:
        read_and_check(folder)
    return [str(mistake) for mistake in wrong.value.mistakes]


@pytest.mark.parametrize("file", FILES)
def test_it_is_known_by_the_columns_of_any_of_its_files(folder: Path, file: str) -> None:
    assert is_northwind({f"{file}.csv": folder / f"{file}.csv"})


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_lacks_is_told_and_not_the_others_columns(folder: Path, file: str) -> None:
    (folder / f"{file}.csv").unlink()
    assert mistakes(folder) == [f"{file}.csv row 1: is missing: Northwind's books are read whole"]


def test_our_own_books_are_not_taken_for_it() -> None:
    assert not is_northwind({path.name: path for path in EXAMPLE_BOOK.glob("*.csv")})


def test_its_files_may_be_named_in_capitals(folder: Path) -> None:
    for name in FILES:
        (folder / f"{name}.csv").rename(folder / f"{name.upper()}.CSV")
    assert len(read_and_check(folder)["orders"]) == 2


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("customers", "fax"),
        ("customers", "customer_id"),
        ("products", "discontinued"),
        ("orders", "order_date"),
        ("orders", "shipped_date"),
        ("order_details", "discount"),
    ],
)
def test_a_column_under_another_name_is_told_and_not_read_as_empty(
    folder: Path, file: str, column: str
) -> None:
    path = folder / f"{file}.csv"
    path.write_text(FILES[file].replace(column, "another_name"))
    assert mistakes(folder) == [f"{file}.csv row 1, column {column}: is missing"]


def test_what_says_neither_yes_nor_no_is_refused_and_what_says_yes_is_taken(folder: Path) -> None:
    products = folder / "products.csv"
    products.write_text(FILES["products"].replace("0,0,0,1", "0,0,0,True"))
    assert [record.body["active"] for record in read_and_check(folder)["products"]] == [False, True]
    products.write_text(FILES["products"].replace("0,0,0,1", "0,0,0,gone"))
    assert mistakes(folder) == [
        "products.csv row 2, column discontinued: 'gone': Must be yes or no, 是 or 否."
    ]


def test_a_fault_of_a_row_is_told_once_though_three_tables_are_made_of_it(folder: Path) -> None:
    customers = folder / "customers.csv"
    last = FILES["customers"].splitlines()[-1]
    customers.write_text(f"{FILES['customers']}{last}\n{last.replace('GROSR', 'grosr')}\n")
    repeated, small = mistakes(folder)
    assert repeated == ("customers.csv row 4, column customer_id: GROSR stands in row 3 already")
    assert small.startswith("customers.csv row 5, column customer_id: 'grosr': ")


def test_foreign_names_phones_and_addresses_pass_as_they_are(book: Book) -> None:
    first, second = (record.body for record in book["customers"])
    assert (first["customer_code"], first["name"]) == ("BERGS", "Berglunds snabbköp")
    assert (first["phone"], first["notes"]) == ("0921-12 34 65", "fax 0921-12 34 67")
    assert (second["region"], "notes" in second) == ("Venezuela", False)
    addresses = [record.body["address"] for record in book["addresses"]]
    assert addresses[1] == "5ª Ave. Los Palos Grandes, Caracas, DF, 1081, Venezuela"


def test_prices_and_discounts_that_were_floats_are_rounded_to_two_decimals(book: Book) -> None:
    assert [record.body["unit_price"] for record in book["prices"]] == ["21.35", "21.00"]
    line = book["order_lines"][0]
    assert (line.body["unit_price"], line.body["discount_percent"]) == ("16.80", "15.00")
    # 15 × 16.80 less 15 %
    assert amount_of(line) == Decimal("214.20")


def test_stock_and_what_is_no_longer_sold_come_along(book: Book) -> None:
    codes = [(p.body["code"], p.body["on_hand"], p.body["active"]) for p in book["products"]]
    assert codes == [("NW-5", "0", False), ("NW-11", "22", True)]


def test_an_order_that_was_not_shipped_is_open(book: Book) -> None:
    shipped, still_open = (record.body for record in book["orders"])
    assert (shipped["order_number"], shipped["fulfilled_on"]) == ("NW-10278", "1996-08-16")
    assert "fulfilled_on" not in still_open
    assert still_open["consignee_address"] == "Ave. Los Palos Grandes, Caracas, DF, 1081, Venezuela"


def test_a_mistake_is_told_by_its_own_row_and_column(folder: Path) -> None:
    details = folder / "order_details.csv"
    details.write_text(FILES["order_details"] + "11065,77,cheap,1,0\n")
    (told,) = mistakes(folder)
    assert told.startswith("order_details.csv row 4, column unit_price: 'cheap'")
