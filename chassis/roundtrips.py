"""Fewer journeys to the database: what can travel together does.

A journey to PostgreSQL and back costs client, server and kernel more than most of our statements
do (docs/performance.md). psycopg2 writes the values into the text and sends it by the simple
protocol, which takes several statements at once. So BEGIN travels with the first statement of a
transaction, what is written at its end travels as one, and COMMIT may travel with that.

Statements written out by hand (`ask`, `Bundle`) are prepared at their first use on a connection:
half of what PostgreSQL did for one of them was to read and plan its text anew.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extensions import connection, cursor
from psycopg2.extras import NamedTupleCursor
from sqlalchemy import JSON, Connection, Dialect, Table, TypeDecorator
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Mapper, object_mapper

from chassis.notation import JsonText, to_rows

Values = Mapping[str, Any] | Sequence[Any] | None

COMMIT = "commit"
# A connection keeps the plans of so many statements, none longer than so many characters: rows
# by the hundred come rarely, and the plan of their insert would be as large as they are.
MOST_PREPARED = 100
LONGEST_PREPARED = 8_000
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?(s|%)")


class PreparingConnection(connection):
    """A psycopg2 connection that has statements prepared at their first use."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Whether the server is where statements can be sent as they are.
        self.is_open = True
        self._prepared: dict[str, str] = {}
        # A message that prepares has gone out, and what has become of it is not known yet.
        self._is_unsure = False

    def run(
        self, statements: Sequence[tuple[str, Values]], *, begin: str = "", end: str = ""
    ) -> Any:
        """Send statements in one message between two texts; give the cursor of the last one."""
        made: Any = self.cursor(cursor_factory=_RowsCursor)
        texts = [begin.encode()] if begin else []
        if self._is_unsure:
            texts.append(b"deallocate all")
            self._prepared.clear()
        for statement, values in statements:
            texts += self._written_out(made, statement, values)
        if end:
            texts.append(end.encode())
        made.execute(b";".join(texts))
        self._is_unsure = False
        return made

    def _written_out(self, made: Any, statement: str, values: Values) -> Sequence[bytes]:
        name = self._prepared.get(statement)
        if name is None and (
            len(self._prepared) >= MOST_PREPARED or len(statement) > LONGEST_PREPARED
        ):
            return [made.mogrify(statement, values)]
        form = _prepared_form(statement)
        if isinstance(values, Mapping):
            values = [values[key] for key in form.keys]
        call: bytes = made.mogrify(form.call, values) if form.keys else b""
        if name is not None:
            return [b"execute " + name.encode() + call]
        self._is_unsure = True
        name = self._prepared[statement] = f"gendan_{len(self._prepared)}"
        return [
            b"prepare " + name.encode() + b" as " + form.text.encode(),
            b"execute " + name.encode() + call,
        ]


class _PreparedForm(NamedTuple):
    """A statement as PREPARE takes it, what follows its name in EXECUTE, and its values' keys."""

    text: str
    call: str
    keys: tuple[str, ...]


@lru_cache(maxsize=512)
def _prepared_form(statement: str) -> _PreparedForm:
    keys: list[str] = []

    def numbered(found: re.Match[str]) -> str:
        key, kind = found.groups()
        if kind == "%":
            return "%"
        if key is None or key not in keys:
            keys.append(key or "")
            return f"${len(keys)}"
        return f"${keys.index(key) + 1}"

    text = _PLACEHOLDER.sub(numbered, statement)
    return _PreparedForm(text, f"({','.join(['%s'] * len(keys))})", tuple(keys))


class _Cursor(cursor):
    """Sends BEGIN before the first statement of a transaction, in the same message."""

    connection: PreparingConnection

    def execute(self, query: Any, values: Any = None) -> None:
        if not self.connection.is_open:
            self.connection.is_open = True
            query = b"begin;" + query if isinstance(query, bytes) else f"begin;{query}"
        super().execute(query, values)

    def executemany(self, query: Any, rows: Any) -> None:
        if not self.connection.is_open:
            self.execute("select")
        super().executemany(query, rows)


class _RowsCursor(NamedTupleCursor, _Cursor):
    """Gives rows whose columns have names."""


class ThriftyConnection(PreparingConnection):
    """A psycopg2 connection on which BEGIN costs no journey and COMMIT need not.

    To psycopg2 it is in autocommit mode; `is_open` says whether the server is in a transaction.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.autocommit = True
        self.is_open = False

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("cursor_factory", _Cursor)
        return super().cursor(*args, **kwargs)

    def commit(self) -> None:
        self._end(COMMIT)

    def rollback(self) -> None:
        self._end("rollback")

    def _end(self, word: str) -> None:
        if self.closed:
            raise psycopg2.InterfaceError("connection already closed")
        if self.is_open:
            with self.cursor() as last:
                last.execute(word)
            self.is_open = False


def ask(
    connection: Connection,
    statement: str,
    values: Values = None,
    *,
    begin: str = "",
    lock: str | None = None,
) -> list[Any]:
    """Run one statement, written out with psycopg2's placeholders, and give its rows.

    Past SQLAlchemy, whose part in a statement costs more than the statement; values and
    columns are as psycopg2 has them. `begin` is what to set before, `lock` a statement of the
    same values whose locks are held when this one begins to look. Raises DBAPIError as
    SQLAlchemy does.
    """
    locks = [] if lock is None else [(lock, values)]
    made = _run(connection, [*locks, (statement, values)], begin=begin)
    with made:
        rows: list[Any] = made.fetchall() if made.description else []
    return rows


def commit(connection: Connection) -> None:
    """End the transaction that hand-written statements began, if it has not ended."""
    driver = _driver(connection)
    if isinstance(driver, ThriftyConnection) and driver.is_open:
        _run(connection, (), end=COMMIT).close()
        driver.is_open = False


def _driver(connection: Connection) -> Any:
    # A PreparingConnection, by database.connect.
    return connection.connection.dbapi_connection


def _run(connection: Connection, statements: Sequence[tuple[str, Values]], **texts: str) -> Any:
    driver = _driver(connection)
    try:
        return driver.run(statements, **texts)
    except psycopg2.Error as error:
        dialect = connection.dialect
        lost: bool = dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            "; ".join(statement for statement, _ in statements),
            None,
            error,
            psycopg2.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        ) from error


class _Form(NamedTuple):
    """How rows of a table are written: the statement's head, a row's place, its processors."""

    head: str
    row: str
    processors: tuple[Any, ...]


class _NewForm(NamedTuple):
    """How new objects of a class are written: the statement; column, attribute, processor."""

    statement: str
    columns: tuple[tuple[str, str, Any], ...]


class Bundle:
    """Statements of one transaction that wait to be sent together, in their order."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._waiting: list[tuple[str, Values]] = []
        self._refusals: dict[str, Exception] = {}

    def add(
        self,
        statement: str,
        values: Values = None,
        *,
        refusals: Mapping[str, Exception] | None = None,
    ) -> None:
        """Add a statement with psycopg2's own placeholders; its values are not changed any more.

        `refusals` says by a constraint's name what `send` raises where the statement breaks it.
        """
        self._refusals.update(refusals or {})
        self._waiting.append((statement, values))

    def insert(
        self,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        *,
        refusals: Mapping[str, Exception] | None = None,
    ) -> None:
        """Add the insert of rows that all name the same columns; None is SQL's NULL."""
        if not rows:
            return
        names = tuple(rows[0])
        form = _form(table, names, self.connection.dialect)
        values = list(_bound(rows, names, form.processors))
        self.add(form.head + ",".join([form.row] * len(rows)), values, refusals=refusals)

    def insert_new(self, objects: Sequence[Any]) -> None:
        """Add the insert of new mapped objects of one class, of which no session is told.

        A quarter of what a unit of work costs; for rows that a hot command makes and does not
        touch again. What the unit of work would fill in (keys of parents, versions) is set before.
        They travel as one JSON value: psycopg2 takes longer to write two hundred values into a
        text than orjson does, PostgreSQL reads both as fast, and the text is the same for any
        number of rows.
        """
        if objects:
            form = _new_form(object_mapper(objects[0]), self.connection.dialect)
            rows = [
                {
                    name: value if value is None or process is None else process(value)
                    for name, key, process in form.columns
                    for value in (facts.get(key),)
                }
                for facts in map(vars, objects)
            ]
            self.add(form.statement, (to_rows(rows),))

    def send(self, *, commit: bool = False) -> None:
        """Send what waits; with `commit` the transaction ends in the same journey.

        It does not end where a statement fails.
        """
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        thrifty = _driver(self.connection)
        ends = commit and isinstance(thrifty, ThriftyConnection)
        try:
            _run(self.connection, waiting, end=COMMIT if ends else "").close()
        except IntegrityError as error:
            broken = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
            if broken in self._refusals:
                raise self._refusals[broken] from error
            raise
        if ends:
            thrifty.is_open = False


@lru_cache(maxsize=256)
def _form(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Form:
    quoting = dialect.identifier_preparer
    columns = ", ".join(quoting.quote(table.c[name].name) for name in names)
    return _Form(
        f"insert into {quoting.format_table(table)} ({columns}) values ",  # noqa: S608  our tables
        "(" + ",".join(["%s"] * len(names)) + ")",
        tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names),
    )


@lru_cache(maxsize=64)
def _new_form(mapper: Mapper[Any], dialect: Dialect) -> _NewForm:
    quoting = dialect.identifier_preparer
    table = quoting.format_table(mapper.local_table)
    columns = [(each.columns[0], each.key) for each in mapper.column_attrs]
    names = ", ".join(quoting.quote(column.name) for column, _ in columns)
    return _NewForm(
        f"insert into {table} ({names})"  # noqa: S608  our tables
        f" select {names} from json_populate_recordset(null::{table}, %s)",
        tuple((column.name, key, _json_processor(column, dialect)) for column, key in columns),
    )


def _json_processor(column: Any, dialect: Dialect) -> Any:
    """Give what makes of a column's value what stands for it in a JSON row."""
    kind = column.type.dialect_impl(dialect)
    process = kind.bind_processor(dialect)
    if isinstance(kind.impl_instance if isinstance(kind, TypeDecorator) else kind, JSON):
        # As its type writes it, so that it stands there as it would in any other insert.
        return lambda value: JsonText(process(value))
    return process


def _bound(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], processors: Sequence[Any]
) -> Iterator[Any]:
    """Give the rows' values as the driver takes them, as SQLAlchemy would hand them over."""
    for row in rows:
        for name, process in zip(names, processors, strict=True):
            value = row[name]
            yield value if value is None or process is None else process(value)
