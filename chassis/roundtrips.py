"""Fewer journeys to the database: what can travel together does.

A journey to PostgreSQL and back costs client, server and kernel more than most of our statements
do (docs/performance.md). psycopg2 writes the values into the text and sends it by the simple
protocol, which takes several statements at once. So BEGIN travels with the first statement of a
transaction, what is written at its end travels as one, and COMMIT may travel with that.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extensions import connection, cursor
from psycopg2.extras import Json
from sqlalchemy import CursorResult, Dialect, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, object_mapper

COMMIT = "commit"
_NO_PARAMETERS = {"no_parameters": True}


class _Cursor(cursor):
    """Sends BEGIN before the first statement of a transaction, in the same message."""

    connection: "ThriftyConnection"

    def execute(self, query: Any, values: Any = None) -> None:
        if not self.connection.is_open:
            self.connection.is_open = True
            query = b"begin;" + query if isinstance(query, bytes) else f"begin;{query}"
        super().execute(query, values)

    def executemany(self, query: Any, rows: Any) -> None:
        if not self.connection.is_open:
            self.execute("select")
        super().executemany(query, rows)


class ThriftyConnection(connection):
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


class _Form(NamedTuple):
    """How rows of a table are written: the statement's head, a row's place, its processors."""

    head: str
    row: str
    processors: tuple[Any, ...]


class Bundle:
    """Statements of one session that wait to be sent together, in their order."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._texts: list[bytes] = []
        self._refusals: dict[str, Exception] = {}
        self._cursor: Any = None

    def add(
        self,
        statement: str,
        values: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        refusals: Mapping[str, Exception] | None = None,
    ) -> None:
        """Add a statement with psycopg2's own placeholders.

        `refusals` says by a constraint's name what `send` raises where the statement breaks it.
        """
        self._refusals.update(refusals or {})
        if self._cursor is None:
            made = self._session.connection().connection.dbapi_connection
            assert made is not None  # noqa: S101  a session's connection has one
            self._cursor = made.cursor()
        self._texts.append(self._cursor.mogrify(statement, values))

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
        form = _form(table, names, self._session.get_bind().dialect)
        values = list(_bound(rows, names, form.processors))
        self.add(form.head + ",".join([form.row] * len(rows)), values, refusals=refusals)

    def insert_new(self, objects: Sequence[Any]) -> None:
        """Add the insert of new mapped objects of one class, of which no session is told.

        A quarter of what a unit of work costs; for rows that a hot command makes and does not
        touch again. What the unit of work would fill in (keys of parents, versions) is set before.
        """
        if objects:
            mapper = object_mapper(objects[0])
            attributes = [(attr.columns[0].name, attr.key) for attr in mapper.column_attrs]
            self.insert(
                mapper.local_table,  # type: ignore[arg-type]  # ours are tables
                [{name: vars(each).get(key) for name, key in attributes} for each in objects],
            )

    def send(self, *, commit: bool = False) -> CursorResult[Any] | None:
        """Send what waits and give the result of the last statement, None if nothing waited.

        With `commit` the transaction ends in the same journey, unless a statement fails.
        """
        if not self._texts:
            return None
        texts, self._texts, self._cursor = self._texts, [], None
        thrifty = self._session.connection().connection.dbapi_connection
        ends = commit and isinstance(thrifty, ThriftyConnection)
        if ends:
            texts.append(COMMIT.encode())
        try:
            result = self._session.connection().exec_driver_sql(
                b";".join(texts).decode(), execution_options=_NO_PARAMETERS
            )
        except IntegrityError as error:
            broken = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
            if broken in self._refusals:
                raise self._refusals[broken] from error
            raise
        if ends:
            thrifty.is_open = False  # type: ignore[union-attr]  # it is thrifty if it ends
        return result


def as_json(value: Any) -> Json:
    """Give a value that psycopg2 writes as JSON."""
    return Json(value, dumps=_compact)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=256)
def _form(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Form:
    quoting = dialect.identifier_preparer
    columns = ", ".join(quoting.quote(table.c[name].name) for name in names)
    return _Form(
        f"insert into {quoting.format_table(table)} ({columns}) values ",  # noqa: S608  our tables
        "(" + ",".join(["%s"] * len(names)) + ")",
        tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names),
    )


def _bound(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], processors: Sequence[Any]
) -> Iterator[Any]:
    """Give the rows' values as the driver takes them, as SQLAlchemy would hand them over."""
    for row in rows:
        for name, process in zip(names, processors, strict=True):
            value = row[name]
            yield value if value is None or process is None else process(value)
