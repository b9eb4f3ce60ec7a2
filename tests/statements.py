"""The statements that a store sends to PostgreSQL, for tests that count or explain them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from chassis.database import Store


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

    engines = (store.engine, store.reading)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", keep)
