"""The books of the Northwind trading company, read as ours.

Prices and discounts were kept as single-precision floats: both are rounded to two decimals
(README of the data). Its customers have five-letter codes; products are NW-1, NW-2, …
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

from deploy.import_books.rows import Mistake, Row, header_of, read_table
from deploy.import_books.tables import WORDS

CUSTOMERS, LINES = "customers.csv", "order_details.csv"
#: All that is read of its files: a column with another name would pass for one of empty cells.
COLUMNS = {
    CUSTOMERS: "customer_id company_name contact_name contact_title address city region postal_code"
    " country phone fax",
    "products.csv": "product_id product_name category_id quantity_per_unit unit_price"
    " units_in_stock discontinued",
    "orders.csv": "order_id customer_id order_date required_date shipped_date ship_name"
    " ship_address ship_city ship_region ship_postal_code ship_country",
    LINES: "order_id product_id unit_price quantity discount",
}
_CENT = Decimal("0.01")
# The day its first order was taken: prices are older than any order.
_FIRST_DAY = "1996-07-01"
_PLACE = ("address", "city", "region", "postal_code", "country")


def is_northwind(there: Mapping[str, Path]) -> bool:
    """Tell its folder by one of its files, given by their names, that has most of its columns."""
    return any(
        2 * len(set(header_of(there[name])) & set(columns.split())) > len(columns.split())
        for name, columns in COLUMNS.items()
        if name in there
    )


def read(there: Mapping[str, Path], mistakes: list[Mistake]) -> Mapping[str, list[Row]]:
    """Give its customers, products and orders as rows of our tables."""
    theirs: dict[str, list[Row]] = {}
    for name, columns in COLUMNS.items():
        if name in there:
            theirs[name] = read_table(there[name], mistakes, needed=columns.split())
        else:
            theirs[name] = []
            mistakes.append(Mistake(name, 1, "", "is missing: Northwind's books are read whole"))
    customers, products = theirs[CUSTOMERS], theirs["products.csv"]
    orders, details = theirs["orders.csv"], theirs[LINES]
    return {
        "customers": [_customer(row) for row in customers],
        "contacts": [_contact(row) for row in customers if "contact_name" in row.cells],
        "addresses": [_address(row) for row in customers if "address" in row.cells],
        "products": [_product(row) for row in products],
        "prices": [_price(row) for row in products],
        "orders": [_order(row) for row in orders],
        "order_lines": [_line(row) for row in details],
    }


def _row(row: Row, named: Mapping[str, str], made: Mapping[str, str | None]) -> Row:
    """Give a row of ours: columns taken over by name, and what was made of theirs."""
    cells = {ours: row.cells[theirs] for ours, theirs in named.items() if theirs in row.cells}
    cells |= {ours: value for ours, value in made.items() if value}
    return Row(row.file, row.number, cells, named)


def _place(row: Row, names: Iterable[str]) -> str:
    return ", ".join(row.cells[name] for name in names if name in row.cells)


def _customer(row: Row) -> Row:
    named = {
        "customer_code": "customer_id",
        "name": "company_name",
        "region": "country",
        "phone": "phone",
    }
    fax = row.cells.get("fax")
    return _row(row, named, {"notes": f"fax {fax}" if fax else None})


def _contact(row: Row) -> Row:
    named = {
        "customer_code": "customer_id",
        "name": "contact_name",
        "title": "contact_title",
        "phone": "phone",
    }
    return _row(row, named, {})


def _address(row: Row) -> Row:
    named = {"customer_code": "customer_id", "postal_code": "postal_code", "region": "country"}
    return _row(row, named, {"address": _place(row, _PLACE), "is_default": "yes"})


def _product(row: Row) -> Row:
    named = {
        "product_code": "product_id",
        "name": "product_name",
        "spec": "quantity_per_unit",
        "on_hand": "units_in_stock",
        "active": "discontinued",
    }
    ended = WORDS.get(row.cells.get("discontinued", "").lower())
    made = {
        "product_code": _code(row),
        "category": row.cells.get("category_id") and f"category {row.cells['category_id']}",
        "unit": "unit",
        "default_supply": "stock",
        # What is neither yes nor no is left for the rules to refuse.
        "active": None if ended is None else "no" if ended else "yes",
    }
    return _row(row, named, made)


def _price(row: Row) -> Row:
    code = _code(row)
    named = {"scheme_code": "product_id", "unit_price": "unit_price"}
    made = {
        "scheme_code": code,
        "name": f"{code} list price"[:120] if code else None,
        "product_code": code,
        "min_quantity": "0",
        "unit_price": _rounded(row.cells.get("unit_price")),
        "valid_from": _FIRST_DAY,
    }
    return _row(row, named, made)


def _order(row: Row) -> Row:
    named = {
        "order_number": "order_id",
        "customer_code": "customer_id",
        "ordered_on": "order_date",
        "customer_due": "required_date",
        "fulfilled_on": "shipped_date",
        "consignee_name": "ship_name",
        "consignee_address": "ship_address",
    }
    number = row.cells.get("order_id")
    made = {
        "order_number": f"NW-{number}" if number else None,
        "consignee_address": _place(row, [f"ship_{name}" for name in _PLACE]),
    }
    return _row(row, named, made)


def _line(row: Row) -> Row:
    named = {
        "order_number": "order_id",
        "product_code": "product_id",
        "quantity": "quantity",
        "unit_price": "unit_price",
        "discount_percent": "discount",
    }
    number = row.cells.get("order_id")
    made = {
        "order_number": f"NW-{number}" if number else None,
        "product_code": _code(row),
        "unit_price": _rounded(row.cells.get("unit_price")),
        "discount_percent": _rounded(row.cells.get("discount"), times=100),
    }
    return _row(row, named, made)


def _code(row: Row) -> str | None:
    number = row.cells.get("product_id")
    return f"NW-{number}" if number else None


def _rounded(cell: str | None, *, times: int = 1) -> str | None:
    """Round to two decimals; what is no number is left for the rules to refuse."""
    try:
        value = Decimal(cell or "")
        return str(value.quantize(_CENT, ROUND_HALF_UP) * times)
    except InvalidOperation:
        return cell
