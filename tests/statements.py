"""The statements that a store sends to PostgreSQL, for tests that count or explain them; books
full enough for it to be choosy about its plans."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from chassis.database import Store
from chassis.roundtrips import PreparingConnection, _prepared_form


@dataclass(frozen=True)
class Statement:
    """One statement and what was put into it."""

    text: str
    parameters: Any
    is_prepared: bool = False


@contextmanager
def statements(store: Store) -> Iterator[list[Statement]]:
    """Collect what the store's queries and transactions send while the block lasts.

    Without the reading of settings: it comes once a second, whoever asks then.
    """
    sent: list[Statement] = []

    def keep(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        sent.append(Statement(text, parameters))

    run = PreparingConnection.run

    def keep_run(connection: Any, given: Any, **texts: str) -> Any:
        sent.extend(
            Statement(text, values, is_prepared=True)
            for text, values in given
            if not text.endswith("from setting")
        )
        return run(connection, given, **texts)

    engines = (store.engine, store.reading)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", keep)
    # What is written out by hand goes past SQLAlchemy, and past its events.
    PreparingConnection.run = keep_run  # type: ignore[method-assign, assignment]
    try:
        yield sent
    finally:
        PreparingConnection.run = run  # type: ignore[method-assign]
        for engine in engines:
            event.remove(engine, "before_cursor_execute", keep)


def plans(store: Store, sent: list[Statement]) -> str:
    """Give how PostgreSQL runs statements, one after the other; a prepared one by no value."""
    with store.work() as work:
        connection = work.session.connection()

        def planned(one: Statement) -> Iterator[str]:
            text, values = f"explain {one.text}", one.parameters
            if one.is_prepared:
                form = _prepared_form(one.text)
                connection.exec_driver_sql(f"prepare asked as {form.text}".replace("%", "%%"))
                text = f"explain execute asked{form.call if form.keys else ''}"
                if isinstance(values, Mapping):
                    values = tuple(values[key] for key in form.keys)
            yield from connection.exec_driver_sql(text, values).scalars()
            if one.is_prepared:
                connection.exec_driver_sql("deallocate asked")

        return "\n".join(line for one in sent for line in planned(one))


def copy_rows(store: Store, table: str, count: int, **differs: str) -> None:
    """Copy a table's one row many times; `differs` are SQL expressions over `n`, from 1 on."""
    changed = ", ".join(
        f"'{column}', {value}" for column, value in {"id": "gen_random_uuid()", **differs}.items()
    )
    with store.work() as work:
        connection = work.session.connection()
        connection.exec_driver_sql(
            f'insert into "{table}" select made.* from (select * from "{table}" limit 1) pattern,'
            f" generate_series(1, {count}) as n, jsonb_populate_record("
            f'null::"{table}", to_jsonb(pattern) || jsonb_build_object({changed})) as made'
        )
        connection.exec_driver_sql(f'analyze "{table}"')
