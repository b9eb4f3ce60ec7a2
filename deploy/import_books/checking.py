"""Finding everything that is wrong with a book before anything of it is sent."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields

from chassis import clock, money
from chassis.quantity import MAX_DECIMALS
from deploy.import_books import northwind
from deploy.import_books.rows import Mistake, Row
from deploy.import_books.tables import LIST, TABLES, WHOLE, WORDS, YES_NO, Table

MOST_LINES = 200
_QUANTITIES = {"quantity", "on_hand", "min_quantity"}
_ORDER_FILES = {"orders.csv", "order_lines.csv", northwind.LINES}

# As Excel writes days in China, and with leading zeros or without; the year comes first.
_DAY = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})", re.ASCII)

# What Excel makes of a long number, in a text too: the digits left out are lost.
_SHORTENED = re.compile(r"\d(\.\d+)?E\+\d+", re.ASCII)

# The rules speak to who writes JSON; this is for who fills in a sheet.
_FOR_SHEETS = {
    'Must be a decimal written as a string, like "12.5".': (
        "Must be a decimal written like 1000 or 12.5, without separators."
    ),
    "Not a valid integer.": "Must be a whole number, written like 1000.",
    "Not a valid boolean.": "Must be yes or no, 是 or 否.",
}

#: As many as one message of the API takes: table, what they are of → how many.
_MOST = {
    ("contacts", "customer_code"): 100,
    ("seals", "customer_code"): 100,
    ("addresses", "customer_code"): 100,
    ("recipes", "product_code"): 100,
    ("prices", "scheme_code"): 50,
}
# As an order of the system's own (services/orders).
LARGEST_TOTAL = Decimal("9999999999.99")

#: What the system has under a code: (table, or accounts; code) → its record, or None.
Look = Callable[[str, str], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Record:
    """A row that keeps the rules: `body` as it is sent, `read` as it was understood."""

    row: Row
    body: Mapping[str, Any]
    read: Mapping[str, Any]


@dataclass
class Book:
    """A company's books, table by table."""

    tables: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    #: Codes named by rows but by no file: (table, code) → the rows' cells that name them.
    outside: dict[tuple[str, str], list[tuple[Row, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    #: What whoever imports should know of the files, though nothing is wrong with it.
    remarks: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> list[Record]:
        return self.tables[name]

    def by(self, name: str, column: str) -> dict[str, list[Record]]:
        """Give the records of a table by what a column says."""
        found: dict[str, list[Record]] = defaultdict(list)
        for record in self.tables[name]:
            found[record.row.cells[column]].append(record)
        return found


def check(rows: Mapping[str, list[Row]], mistakes: list[Mistake]) -> Book:
    """Read every cell by the rules of its table; all that is wrong goes to `mistakes`.

    What stands there already was found while the files were read.
    """
    book = Book()
    # By file and row: of one row several tables can be made, and each would say it of its own.
    repeated: dict[tuple[str, int], Mistake] = {}
    unread = {mistake.file.lower() for mistake in mistakes}
    for name, table in TABLES.items():
        schema = table.schema()
        for row in rows.get(name, ()):
            record = _record(table, schema, row, mistakes)
            if record is not None:
                book.tables[name].append(record)
        for mistake in _repeated(table, rows.get(name, [])):
            repeated.setdefault((mistake.file, mistake.row), mistake)
    mistakes += repeated.values()
    _find_outside(rows, book)
    mistakes += _about_prices(book)
    mistakes += _about_promotions(book)
    mistakes += _about_counts(book)
    mistakes += _about_substitutes(book)
    mistakes += _about_default_addresses(book, repeated)
    # Of a file that was not read whole nobody can say what is not in it.
    if not unread & _ORDER_FILES:
        mistakes += _about_orders_and_lines(rows, book)
    mistakes += _about_days(book)
    mistakes += _about_amounts(book)
    mistakes += _about_units(book)
    return book


def check_outside(book: Book, look: Look, mistakes: list[Mistake]) -> None:
    """Ask for each code that no file names whether the system has it, and fits its rows."""
    decimals, ended = {}, set()
    for (name, code), cells in book.outside.items():
        found = look(name, code)
        if found is None:
            what = f"{code} is neither in {TABLES[name].file} nor in the system"
            mistakes += [row.mistake(column, what) for row, column in cells]
        elif name == "products":
            decimals[code] = found["unit_decimals"]
            if not found["active"]:
                ended.add(code)
    for record in book["prices"]:
        code = record.body["product_code"]
        if code in ended and look("prices", record.body["scheme_code"]) is None:
            mistakes.append(record.row.mistake("product_code", f"{code} is no longer sold"))
    for part in ("order_lines", "prices"):
        mistakes += _finer_than(decimals, book[part], "product_code")


def check_salespeople(book: Book, look: Look, mistakes: list[Mistake]) -> None:
    """See that a customer who is still to be made is given to somebody who may sell."""
    for record in book["customers"]:
        username = record.body.get("salesperson")
        why = username and _cannot_sell(look("accounts", username))
        # Whom a customer who is there was given to may have left since.
        if why and look("customers", record.body["customer_code"]) is None:
            mistakes.append(record.row.mistake("salesperson", f"{username} {why}"))


def _cannot_sell(account: Mapping[str, Any] | None) -> str | None:
    if account is None:
        return "has no account"
    if account["locked"]:
        return "has an account that is locked"
    return None if "sales" in account["roles"] else "has not the role sales"


def _record(table: Table, schema: Schema, row: Row, mistakes: list[Mistake]) -> Record | None:
    unknown = [name for name in row.cells if name not in table.columns]
    shortened = [name for name, cell in row.cells.items() if _SHORTENED.fullmatch(cell)]
    if shortened:
        advice = "Excel has shortened this number; format the column as text"
        mistakes += [row.mistake(name, f"{row.cells[name]!r}: {advice}") for name in shortened]
        return None
    body = {
        table.field_of(column): _converted(
            schema.fields[table.field_of(column)], kind, row.cells[column]
        )
        for column, kind in table.columns.items()
        if column in row.cells
    }
    try:
        read = schema.load(body)
    except ValidationError as error:
        found = error.messages if isinstance(error.messages, dict) else {"": error.messages}
        by_column = {table.column_of(str(name)): what for name, what in found.items()}
        places = [*table.columns, *by_column]
        for column, what in sorted(by_column.items(), key=lambda each: places.index(each[0])):
            cell = row.cells.get(column)
            said = f"{cell!r}: " if cell is not None else ""
            mistakes.append(row.mistake(column, said + " ".join(_flat(what))))
        return None
    if unknown:
        allowed = ", ".join(table.columns)
        mistakes += [row.mistake(name, f"is no column; there are {allowed}") for name in unknown]
        return None
    return Record(row, body, read)


def _converted(rule: fields.Field[Any], kind: str, cell: str) -> Any:
    """Read a cell as far as JSON needs it; what does not fit is left to the rules to refuse."""
    if isinstance(rule, fields.Date) and (day := _DAY.fullmatch(cell)):
        return "-".join([day["year"], day["month"].zfill(2), day["day"].zfill(2)])
    if kind == WHOLE:
        return int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 10 else cell
    if kind == YES_NO:
        return WORDS.get(cell.lower(), cell)
    if kind == LIST:
        return cell.replace(";", " ").replace("；", " ").split()
    return cell


def _flat(messages: Any) -> Iterator[str]:
    if isinstance(messages, Mapping):
        for inner in messages.values():
            yield from _flat(inner)
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from _flat(inner)
    else:
        yield _FOR_SHEETS.get(str(messages), str(messages))


def _repeated(table: Table, rows: list[Row]) -> Iterator[Mistake]:
    if not table.key:
        return
    first: dict[tuple[str | None, ...], int] = {}
    for row in rows:
        key = tuple(row.cells.get(column) for column in table.key)
        if None in key:
            continue
        if key in first:
            said = ", ".join(str(part) for part in key)
            yield row.mistake(table.key[-1], f"{said} stands in row {first[key]} already")
        first.setdefault(key, row.number)


def _find_outside(rows: Mapping[str, list[Row]], book: Book) -> None:
    named: dict[str, set[str]] = defaultdict(set)
    for name, table in TABLES.items():
        if len(table.key) == 1:
            named[name] = {row.cells.get(table.key[0], "") for row in rows.get(name, ())}
    for name, table in TABLES.items():
        for record in book[name]:
            for column, target in table.refers.items():
                value = record.body.get(table.field_of(column))
                for code in value if isinstance(value, list) else [value]:
                    if code and code not in named[target]:
                        book.outside[target, code].append((record.row, column))


def _about_prices(book: Book) -> Iterator[Mistake]:
    """Rows of one scheme must tell the same of it but for quantity and price."""
    own = {"min_quantity", "unit_price"}
    for records in book.by("prices", "scheme_code").values():
        first = {name: value for name, value in records[0].body.items() if name not in own}
        for record in records[1:]:
            if {name: value for name, value in record.body.items() if name not in own} != first:
                number = records[0].row.number
                what = f"tells something else of this scheme than row {number}"
                yield record.row.mistake("scheme_code", what)
        yield from _ends_before_it_begins(records[0])
        first_of: dict[Decimal, Record] = {}
        for record in records:
            other = first_of.setdefault(record.read["min_quantity"], record)
            # What is written the same was told as a repeated row.
            if other.row.cells["min_quantity"] != record.row.cells["min_quantity"]:
                what = f"is that of row {other.row.number}"
                yield record.row.mistake("min_quantity", what)


def _about_promotions(book: Book) -> Iterator[Mistake]:
    for record in book["promotions"]:
        yield from _ends_before_it_begins(record)
        if record.read["value"] >= record.read["threshold"]:
            yield record.row.mistake("value", "is not below the threshold")


def _ends_before_it_begins(record: Record) -> Iterator[Mistake]:
    until = record.read.get("valid_until")
    if until is not None and until < record.read["valid_from"]:
        yield record.row.mistake("valid_until", "lies before valid_from")


def _about_counts(book: Book) -> Iterator[Mistake]:
    for (name, column), most in _MOST.items():
        for code, records in book.by(name, column).items():
            if len(records) > most:
                yield records[most].row.mistake(column, f"{code} has more than {most} rows")


def _about_substitutes(book: Book) -> Iterator[Mistake]:
    for record in book["products"]:
        if record.body["code"] in record.body.get("substitutes", ()):
            yield record.row.mistake("substitutes", "names the product itself")


def _about_default_addresses(
    book: Book, repeated: Collection[tuple[str, int]]
) -> Iterator[Mistake]:
    """A customer has one default address; of rows that stand twice that was said already."""
    first_of: dict[str, Record] = {}
    for record in book["addresses"]:
        is_repeated = (record.row.file, record.row.number) in repeated
        if record.read.get("is_default") and not is_repeated:
            first = first_of.setdefault(record.body["customer_code"], record)
            if first is not record:
                what = f"the default address is that of row {first.row.number} already"
                yield record.row.mistake("is_default", what)


def _about_orders_and_lines(rows: Mapping[str, list[Row]], book: Book) -> Iterator[Mistake]:
    """Lines are of orders that are there, and every order has some."""
    numbers = {row.cells.get("order_number") for row in rows.get("orders", ())}
    count: dict[str, int] = defaultdict(int)
    for row in rows.get("order_lines", ()):
        number = row.cells.get("order_number", "")
        count[number] += 1
        if number and number not in numbers:
            yield row.mistake("order_number", f"{number} is not in orders.csv")
        elif count[number] == MOST_LINES + 1:
            yield row.mistake("order_number", f"has more than {MOST_LINES} lines")
    for record in book["orders"]:
        if not count[record.row.cells["order_number"]]:
            yield record.row.mistake("order_number", "has no line in order_lines.csv")


def _about_days(book: Book) -> Iterator[Mistake]:
    """Orders of old books ended after they began, and neither lies ahead."""
    today = clock.business_date(clock.business_now())
    for record in book["orders"]:
        ended = record.read.get("fulfilled_on")
        if ended is not None and ended < record.read["ordered_on"]:
            yield record.row.mistake("fulfilled_on", "lies before ordered_on")
        for column in ("ordered_on", "fulfilled_on"):
            if record.read.get(column, today) > today:
                yield record.row.mistake(column, f"{record.row.cells[column]!r}: lies after today")


def _about_amounts(book: Book) -> Iterator[Mistake]:
    for record in book["order_lines"]:
        if amount_of(record) > money.line_amount(
            record.read["quantity"], record.read["unit_price"]
        ):
            yield record.row.mistake("amount", "is more than quantity × unit_price")
    lines = book.by("order_lines", "order_number")
    for record in book["orders"]:
        total = sum(map(amount_of, lines.get(record.row.cells["order_number"], ())), Decimal(0))
        if total > LARGEST_TOTAL:
            yield record.row.mistake("order_number", f"is worth more than {LARGEST_TOTAL:f}")


def _about_units(book: Book) -> Iterator[Mistake]:
    """Quantities have no more decimals than the unit of what they are of, as far as it is told."""
    for masters, parts, name in (
        ("products", ("products", "order_lines", "prices"), "product_code"),
        ("materials", ("materials",), "material_code"),
    ):
        decimals = {
            record.row.cells[name]: record.read["unit_decimals"] for record in book[masters]
        }
        for part in parts:
            yield from _finer_than(decimals, book[part], name)


def _finer_than(
    decimals: Mapping[str, int], records: Iterable[Record], name: str
) -> Iterator[Mistake]:
    for record in records:
        allowed = decimals.get(record.row.cells[name], MAX_DECIMALS)
        for column in _QUANTITIES & record.row.cells.keys():
            if record.read[column] != round(record.read[column], allowed):
                what = f"{record.row.cells[column]!r}: its unit has {allowed} decimals"
                yield record.row.mistake(column, what)


def amount_of(line: Record) -> Decimal:
    """Give a line's amount: as it was told, else quantity × price less discount, half-up."""
    told: Decimal | None = line.read.get("amount")
    if told is not None:
        return told
    off: Decimal = line.read.get("discount_percent", Decimal(0))
    gross: Decimal = line.read["quantity"] * line.read["unit_price"]
    return money.fen(gross * (100 - off) / 100)
