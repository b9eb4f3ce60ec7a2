"""How the audit asks: pages of books by RPC, as a user that may do nothing else."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

from chassis.errors import Unavailable
from chassis.principal import Principal
from chassis.rpc import RpcClient, deadline_in
from deploy.audit.difference import Row
from deploy.audit.order import OrderBooks

AUDITOR = Principal("audit", "audit", frozenset({"admin"}), kind="system")
CALL_SECONDS = 20.0
TRIES = 3
PAGE_ROWS = 200
# Who keeps a book of orders; the owner first.
KEEPERS = ("orders", "customers", "inventory", "shipping", "aftersales")


class Books(Protocol):
    """Whatever can be asked for books, as far as the audit needs it."""

    def ask(self, service: str, method: str, body: Mapping[str, Any]) -> Any:
        """Ask a question; again if nobody answers."""

    def command(self, service: str, method: str, body: Mapping[str, Any], *, key: str = "") -> Any:
        """Have something done, once for each key; without one, once."""


class BooksByRpc:
    """The books of a running system."""

    def __init__(self, client: RpcClient, *, call_seconds: float = CALL_SECONDS) -> None:
        self._client = client
        self._seconds = call_seconds

    def ask(self, service: str, method: str, body: Mapping[str, Any]) -> Any:
        """Ask a question; raises Unavailable if nobody answers it three times."""
        return self._call(service, method, body, None)

    def command(self, service: str, method: str, body: Mapping[str, Any], *, key: str = "") -> Any:
        """Have something done; asked again it has one key, so it is done once."""
        return self._call(service, method, body, key or f"audit:{uuid4()}")

    def _call(self, service: str, method: str, body: Mapping[str, Any], key: str | None) -> Any:
        for attempt in range(1, TRIES + 1):
            try:
                return self._client.call(
                    service,
                    method,
                    body,
                    principal=AUDITOR.to_wire(),
                    key=key,
                    deadline=deadline_in(self._seconds),
                )
            except Unavailable:
                if attempt == TRIES:
                    raise
                time.sleep(attempt)
        raise AssertionError("unreachable")


def pages(books: Books, service: str, book: str, *, rows: int = PAGE_ROWS) -> Iterator[list[Row]]:
    """Give a book page by page."""
    after: str | None = None
    while True:
        page = books.ask(service, "audit_books", {"book": book, "after": after, "limit": rows})
        if page["items"]:
            yield page["items"]
        after = page["next"]
        if after is None:
            return


def rows_of(books: Books, service: str, book: str) -> Iterator[Row]:
    """Give a book row by row; one page is in memory at a time."""
    for page in pages(books, service, book):
        yield from page


def side_by_side(streams: Sequence[Iterator[Row]]) -> Iterator[tuple[str, tuple[Row | None, ...]]]:
    """Merge books that are all in the order of their keys; a key missing from one gives None."""
    heads = [next(stream, None) for stream in streams]
    while any(head is not None for head in heads):
        key = min(str(head["key"]) for head in heads if head is not None)
        present = [head is not None and str(head["key"]) == key for head in heads]
        yield (
            key,
            tuple(head if here else None for head, here in zip(heads, present, strict=True)),
        )
        heads = [
            next(stream, None) if here else head
            for head, stream, here in zip(heads, streams, present, strict=True)
        ]


def orders(books: Books) -> Iterator[OrderBooks]:
    """Give every order that any service knows, as all of them know it."""
    streams = [rows_of(books, keeper, "orders") for keeper in KEEPERS]
    for key, rows in side_by_side(streams):
        yield OrderBooks(key, *rows)


def listening(books: Books, services: Collection[str]) -> dict[str, Mapping[str, Sequence[str]]]:
    """Give what each service listens to: routing keys by source."""
    return {service: books.ask(service, "listening", {}) for service in services}
