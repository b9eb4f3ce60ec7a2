"""Statements written out by hand are prepared once a connection, whatever goes wrong meanwhile."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import BigInteger, Connection, Engine, Numeric, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from chassis import roundtrips
from chassis.database import connect
from chassis.mapping import MomentType
from chassis.roundtrips import Bundle, ask

PREPARED = "select name, statement from pg_prepared_statements where name like 'gendan%'"


@pytest.fixture
def engine(empty_database: str) -> Iterator[Engine]:
    made = connect(empty_database, application="test", pool_size=1)
    with made.begin() as connection:
        connection.execute(text("create table thing (name varchar(20) primary key, size numeric)"))
    yield made
    made.dispose()


def prepared(connection: Connection) -> list[str]:
    """Give the texts of what the connection has prepared, in their order."""
    return [row.statement for row in connection.execute(text(PREPARED + " order by name"))]


def test_a_statement_is_read_and_planned_at_its_first_use_only(engine: Engine) -> None:
    query = "select %(name)s::text as name, %(name)s::text = 'b' as is_b, '%%' as percent"
    with engine.connect() as connection:
        (first,) = ask(connection, query, {"name": "a"})
        (second,) = ask(connection, query, {"name": "b", "unused": 1})
        assert (first.name, first.is_b, first.percent) == ("a", False, "%")
        assert (second.name, second.is_b) == ("b", True)
        (kept,) = prepared(connection)
        assert "as select $1::text as name, $1::text = 'b' as is_b, '%' as percent;" in kept


def test_places_without_names_are_filled_in_their_order(engine: Engine) -> None:
    with engine.connect() as connection:
        rows = ask(connection, "select %s::int - %s::int as rest", (5, 3))
    assert [row.rest for row in rows] == [2]


def test_a_statement_without_values_is_prepared_too(engine: Engine) -> None:
    with engine.connect() as connection:
        assert ask(connection, "select 7 as found")[0].found == 7
        assert ask(connection, "select 7 as found")[0].found == 7
        assert len(prepared(connection)) == 1


def test_after_a_message_that_failed_the_connection_prepares_anew(engine: Engine) -> None:
    insert = "insert into thing (name, size) values (%(name)s, %(size)s)"
    with engine.connect() as connection:
        ask(connection, "select 1")
        bundle = Bundle(connection)
        bundle.add(insert, {"name": "a", "size": 1})
        bundle.add("select 1 / %s", (0,))
        bundle.add("select 2 / %s", (1,))  # never reached, so never prepared
        with pytest.raises(DBAPIError):
            bundle.send()
    with engine.connect() as connection:  # the same one, from a pool of one
        for statement in ("select 2 / %s", "select 1 / %s"):
            ask(connection, statement, (1,))
        ask(connection, insert, {"name": "b", "size": 2})
        assert [row.name for row in ask(connection, "select name from thing")] == ["b"]
        assert len(prepared(connection)) == 4


def test_rows_written_at_the_end_are_committed_with_it(engine: Engine) -> None:
    with engine.connect() as connection:
        bundle = Bundle(connection)
        bundle.add("insert into thing (name) values (%s)", ("a",))
        bundle.send(commit=True)
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from thing")) == 1


class Base(DeclarativeBase):
    """Of this file's own table."""


class Paper(Base):
    """A row with a column of each kind that is written."""

    __tablename__ = "paper"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    text: Mapped[str | None]
    size: Mapped[Decimal | None] = mapped_column(Numeric(20, 6))
    day: Mapped[date | None]
    at: Mapped[datetime | None] = mapped_column(MomentType)
    is_cut: Mapped[bool | None]
    count: Mapped[int | None] = mapped_column(BigInteger)
    marks: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    facts: Mapped[Any] = mapped_column(JSONB, nullable=True)


AWKWARD = "O'Brien \"\\ %s %(x)s {a,b} \t 引号 😀 null"


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {
            "text": AWKWARD,
            "size": Decimal("0.000001"),
            "day": date(2199, 12, 31),
            "at": datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
            "is_cut": False,
            "count": 2**62,
            "marks": [AWKWARD, "", "null", "{}"],
            "facts": {AWKWARD: [1, None, AWKWARD, {"a": "0.10"}]},
        },
        {"size": Decimal("1E+2"), "marks": [], "facts": "null", "text": ""},
        {"size": Decimal("-12345678901234.123456"), "facts": [], "text": "null"},
    ],
)
def test_new_objects_are_written_as_a_unit_of_work_writes_them(
    engine: Engine, facts: dict[str, Any]
) -> None:
    Base.metadata.create_all(engine)
    told, written = uuid4(), uuid4()
    with Session(engine) as session:
        session.add(Paper(id=told, **facts))
        session.commit()
    with engine.connect() as connection:
        bundle = Bundle(connection)
        bundle.insert_new([Paper(id=written, **facts), Paper(id=uuid4())])
        bundle.send(commit=True)
    with Session(engine) as session:
        one, other = (dict(vars(session.get_one(Paper, which))) for which in (told, written))
        count = session.scalar(text("select count(*) from paper"))
    assert count == 3
    assert one.pop("id") != other.pop("id")
    del one["_sa_instance_state"], other["_sa_instance_state"]
    assert other == one
    assert {name: other[name] for name in facts} == facts


def test_what_breaks_a_constraint_raises_what_was_agreed(engine: Engine) -> None:
    class Taken(Exception):
        pass

    insert = "insert into thing (name) values ('a')"
    with engine.connect() as connection:
        bundle = Bundle(connection)
        bundle.add(insert)
        bundle.add(insert, refusals={"thing_pkey": Taken()})
        with pytest.raises(Taken):
            bundle.send()
    with engine.connect() as connection:
        bundle = Bundle(connection)
        bundle.add(insert)
        bundle.add(insert)
        with pytest.raises(IntegrityError):
            bundle.send()


def test_no_more_than_a_bounded_number_is_prepared_and_none_that_is_long(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roundtrips, "MOST_PREPARED", 2)
    monkeypatch.setattr(roundtrips, "LONGEST_PREPARED", 30)
    with engine.connect() as connection:
        assert ask(connection, f"select '{'x' * 30}'")[0][0] == "x" * 30
        for number in range(4):
            assert ask(connection, f"select {number} + %s", (1,))[0][0] == number + 1
        assert len(prepared(connection)) == 2


def test_no_statement_is_compiled_however_dear_it_is_expected_to_be(engine: Engine) -> None:
    """What is prepared is planned by no value, and expected to cost far more than it does."""
    dear = "explain select sum(n * n) from generate_series(1, 100000000) as n"
    with engine.connect() as connection:
        plan = connection.scalars(text(dear)).all()
    assert [line for line in plan if line.startswith("JIT")] == []


def test_a_bad_statement_is_told_as_sqlalchemy_tells_it_without_its_values(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(ProgrammingError) as told:
        ask(connection, "select nothing from nowhere where name = %s", ("13800001111",))
    assert "13800001111" not in str(told.value)


@pytest.mark.parametrize("only_reads", [True, False])
def test_a_connection_that_was_ended_is_replaced(
    empty_database: str, engine: Engine, *, only_reads: bool
) -> None:
    used = connect(empty_database, application="test", pool_size=1, only_reads=only_reads)
    with used.connect() as connection:
        pid = ask(connection, "select pg_backend_pid()")[0][0]
    with engine.begin() as other:
        other.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
    with used.connect() as connection:
        with pytest.raises(DBAPIError) as told:
            ask(connection, "select pg_backend_pid()")
        assert told.value.connection_invalidated
    with used.connect() as connection:
        assert ask(connection, "select pg_backend_pid()")[0][0] != pid
    used.dispose()


def test_a_lock_is_held_before_the_statement_looks(engine: Engine, empty_database: str) -> None:
    other = connect(empty_database, application="test", pool_size=1)
    with engine.connect() as connection:
        connection.execute(text("insert into thing values ('a', 1)"))
        connection.commit()
        rows = ask(
            connection,
            "select size from thing where name = %(name)s",
            {"name": "a"},
            lock="select from thing where name = %(name)s for update",
        )
        assert rows[0].size == 1
        with other.connect() as second, pytest.raises(DBAPIError) as told:
            ask(
                second,
                "select size from thing where name = %(name)s",
                {"name": "a"},
                begin="set local lock_timeout = 50",
                lock="select from thing where name = %(name)s for update",
            )
        assert told.value.orig is not None
        assert told.value.orig.pgcode == "55P03"  # type: ignore[attr-defined]  # psycopg2's
    other.dispose()
