"""The statements that a store sends to PostgreSQL, for tests that count or explain them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from chassis.database import Store
from chassis.roundtrips import PreparingConnection


@dataclass(frozen=True)
class Statement:
    """One statement and what was put into it."""

    text: str
    parameters: Any


@contextmanager
def statements(store: Store) -> Iterator[list[Statement]]:
    """Collect what the store's queries and transactions send while the block lasts."""
    sent: list[Statement] = []

    def keep(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        sent.append(Statement(text, parameters))

    run = PreparingConnection.run

    def keep_run(connection: Any, given: Any, **texts: str) -> Any:
        sent.extend(Statement(text, values) for text, values in given)
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
