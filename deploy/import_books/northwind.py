"""The books of the Northwind trading company, read as ours.

Prices and discounts were kept as single-precision floats: both are rounded to two decimals
(README of the data). Its customers have five-letter codes; products are NW-1, NW-2, …
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

from deploy.import_books.rows import Mistake, Row, header_of, read_rows

LINES = "order_details.csv"
FILES = ("customers.csv", "products.csv", "orders.csv", LINES)
_MARK = {"customer_id", "company_name", "contact_name"}
_CENT = Decimal("0.01")
# The day its first order was taken: prices are older than any order.
_FIRST_DAY = "1996-07-01"
_PLACE = ("address", "city", "region", "postal_code", "country")


def is_northwind(folder: Path) -> bool:
    """Tell its folder by its files and its customers' columns."""
    return all((folder / name).exists() for name in FILES) and (
        set(header_of(folder / FILES[0])) >= _MARK
    )


def read(folder: Path, mistakes: list[Mistake]) -> Mapping[str, list[Row]]:
    """Give its customers, products and orders as rows of our tables."""
    theirs = {name: read_rows(folder / name, mistakes) for name in FILES}
    customers, products = theirs["customers.csv"], theirs["products.csv"]
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
    }
    made = {
        "product_code": _code(row),
        "category": row.cells.get("category_id") and f"category {row.cells['category_id']}",
        "unit": "unit",
        "default_supply": "stock",
        "active": "no" if row.cells.get("discontinued") == "1" else "yes",
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
