"""Finding everything that is wrong with a book before anything of it is sent."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields

from chassis import clock, money
from chassis.quantity import MAX_DECIMALS
from deploy.import_books import northwind
from deploy.import_books.rows import Mistake, Row
from deploy.import_books.tables import LIST, TABLES, WHOLE, YES_NO, Table

MOST_LINES = 200
_QUANTITIES = {"quantity", "on_hand", "min_quantity"}
_WORDS = {"是": True, "否": False, "yes": True, "no": False, "true": True, "false": False}
_WORDS |= {"1": True, "0": False}
_ORDER_FILES = {"orders.csv", "order_lines.csv", northwind.LINES}

# As Excel writes days in China, and with leading zeros or without; the year comes first.
_DAY = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})", re.ASCII)

#: Whether a code that no file names is in the system already: (table, code) → yes or no.
Known = Callable[[str, str], bool]


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
    unread = {mistake.file for mistake in mistakes}
    for name, table in TABLES.items():
        schema = table.schema()
        for row in rows.get(name, ()):
            record = _record(table, schema, row, mistakes)
            if record is not None:
                book.tables[name].append(record)
        mistakes += _repeated(table, rows.get(name, []))
    _find_outside(rows, book)
    mistakes += _about_prices(book)
    # Of a file that was not read whole nobody can say what is not in it.
    if not unread & _ORDER_FILES:
        mistakes += _about_orders_and_lines(rows, book)
    mistakes += _about_days(book)
    mistakes += _about_amounts(book)
    mistakes += _about_units(book)
    return book


def check_outside(book: Book, is_known: Known, mistakes: list[Mistake]) -> None:
    """Ask for each code that no file names whether the system has it."""
    for (name, code), cells in book.outside.items():
        if not is_known(name, code):
            what = f"{code} is neither in {TABLES[name].file} nor in the system"
            mistakes += [row.mistake(column, what) for row, column in cells]


def _record(table: Table, schema: Schema, row: Row, mistakes: list[Mistake]) -> Record | None:
    unknown = [name for name in row.cells if name not in table.columns]
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
        return _WORDS.get(cell.lower(), cell)
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
        yield str(messages)


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
            for record in book[part]:
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
