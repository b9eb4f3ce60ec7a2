"""The databases of a running system from outside: what changed, what is on its way, what is due."""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg2
from psycopg2.extras import NamedTupleCursor

from chassis.rpc import RpcClient
from chassis.timers import Daily
from deploy.audit import axes, holdings, ledgers
from deploy.audit.order import OrderBooks
from deploy.audit.reader import KEEPERS, BooksByRpc
from deploy.local.databases import SERVICES
from deploy.local.parts import AUDIT
from tests.contracts.declared import Subscription, subscriptions, timers
from tests.faults.checks import BOOKS, PLATFORM
from tests.system import System

QUIET_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.005
# What a service notes of messages, keys and timers is not of the business; a refused
# conversation leaves its row, a redelivered message its cursor.
_MACHINERY = {
    "alembic_version",
    "audience",
    "command",
    "conversation",
    "failed_message",
    "inbox",
    "job_slot",
    "listener_cursor",
    "outbox",
    "stock_command",
}


# Of a table: whether any row was written, be it with what stood there before.
_WRITTEN = "coalesce(sum(xmin::text::bigint), 0)"
# What its rows say, but for `version`, which counts a conversation's mark and its removal too.
_SAID = "coalesce(sum(hashtextextended((to_jsonb(t) - 'version')::text, 0)), 0)"


@dataclass(frozen=True)
class Standing:
    """How every table of every service stood at a moment."""

    tables: Mapping[str, Any]
    #: How far the timers were: what they change in between is nobody's refusal.
    timers: Mapping[str, Any]
    #: Whether rows count as the same that say the same, though they were written meanwhile.
    by_content: bool

    def changed_in(self, later: "Standing") -> set[str]:
        """Give the tables that stand otherwise later."""
        return {name for name in later.tables if self.tables[name] != later.tables[name]}


@dataclass
class Watch:
    """Looks at all databases over connections that stay open."""

    _databases: Mapping[str, Any]
    _books: BooksByRpc
    _subscriptions: list[Subscription] = field(default_factory=subscriptions)
    #: The last event of each service known to have been heard by all its listeners.
    _heard: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SERVICES, 0))
    _statements: dict[tuple[str, bool], str] = field(default_factory=dict)

    # -- waiting ---------------------------------------------------------------------------

    def await_quiet(self) -> None:
        """Wait until all that was announced had its effect and every conversation is over."""
        give_up = time.monotonic() + QUIET_SECONDS
        while stirring := self._stirring():
            assert time.monotonic() < give_up, f"never quiet: {stirring}"
            time.sleep(_LOOK_EVERY_SECONDS)

    def _stirring(self) -> list[str]:
        events = {service: self._announced(service) for service in SERVICES}
        found = [
            f"{service}.{event.name} is not sent"
            for service, rows in events.items()
            for event in rows
            if event.sent_at is None
        ]
        found += self._unheard(events)
        for service in SERVICES:
            found += [f"{service}: {row}" for row in self._rows(service, _UNFINISHED)]
        if found:
            return found
        # A listener announces what follows in the transaction in which it hears.
        newer = [
            service
            for service, rows in events.items()
            if len(self._announced(service)) != len(rows)
        ]
        if not newer:
            for service, rows in events.items():
                self._heard[service] = max([self._heard[service], *(row.id for row in rows)])
        return newer

    def _announced(self, service: str) -> list[Any]:
        return self._rows(
            service,
            "select id, message_id::text, name, schema_version, sent_at from outbox where id > %s",
            self._heard[service],
        )

    def _unheard(self, events: Mapping[str, list[Any]]) -> Iterator[str]:
        for listener in SERVICES:
            wanted = {
                (each.method, event.message_id)
                for each in self._subscriptions
                if each.listener == listener
                for event in events[each.source]
                if (event.name, event.schema_version) == (each.event, each.schema_version)
            }
            if not wanted:
                continue
            heard = self._rows(
                listener,
                "select listener, message_id::text from inbox where message_id = any(%s::uuid[])",
                [message for _, message in wanted],
            )
            for method, message in wanted - set(map(tuple, heard)):
                yield f"{listener}.{method} has not heard {message}"

    def await_daily_jobs(self, before: Standing) -> None:
        """Wait until each job of the day has run again since `before`."""
        give_up = time.monotonic() + QUIET_SECONDS
        daily = [name for name, (_, is_daily) in before.timers.items() if is_daily]
        while late := [name for name in daily if self.timers()[name] == before.timers[name]]:
            assert time.monotonic() < give_up, f"the day has passed, but not for {late}"
            time.sleep(_LOOK_EVERY_SECONDS * 10)
        self.await_quiet()

    # -- what stands -----------------------------------------------------------------------

    def standing(self, *, by_content: bool = False) -> Standing:
        """Take down how all stands now; call it when all is quiet."""
        tables = {
            f"{service}.{row.name}": (row.number, row.sum)
            for service in SERVICES
            for row in self._rows(service, self._statement(service, by_content))
        }
        return Standing(tables, self.timers(), by_content)

    def timers(self) -> dict[str, tuple[Any, bool]]:
        """Give where each job by the clock stands, and whether it is a daily one."""
        return {
            f"{service}.{row.job}": (row.slot, row.job in _DAILY[service])
            for service in SERVICES
            for row in self._rows(service, "select job, slot from job_slot")
        }

    def _statement(self, service: str, by_content: bool) -> str:  # noqa: FBT001  cached by both
        if (service, by_content) not in self._statements:
            tables = self._rows(
                service,
                "select table_name from information_schema.tables"
                " where table_schema = 'public' and table_type = 'BASE TABLE'",
            )
            parts = [
                f"select '{table}' as name, count(*) as number,"
                f' {_SAID if by_content else _WRITTEN} as sum from "{table}" t'
                for (table,) in tables
                if table not in _MACHINERY
            ]
            parts.append("select 'outbox', count(*), coalesce(max(id), 0) from outbox")
            self._statements[service, by_content] = " union all ".join(parts)
        return self._statements[service, by_content]

    def say_what_changed(self, tables: Collection[str], before: Standing) -> str:
        """Name what was announced and logged last, for who reads of a breach."""
        told = []
        for table in tables:
            service, name = table.split(".")
            number = before.tables[table][0]
            rows = {
                "outbox": "select name, left(body, 300) from outbox order by id desc limit 2",
                "change_log": "select action, person_name, changes::text from change_log"
                " order by id desc limit 2",
            }.get(name, f'select count(*) - {number} as "rows more" from "{name}"')
            told.append(f"{table}: {self._rows(service, rows)}")
        return "\n  ".join(told)

    # -- what must hold --------------------------------------------------------------------

    def broken_promises(self) -> list[str]:
        """Give each breach of what services promise of their own rows, at any moment."""
        return [
            f"{service}, {row.promise}: {row.breach}"
            for service in SERVICES
            for row in self._rows(service, _PROMISES[service])
        ]

    def differences(self, order_ids: Collection[str]) -> list[str]:
        """Give how the services' books differ about some orders; call it when all is quiet."""
        return [str(each) for order_id in order_ids for each in self._differences(order_id)]

    def _differences(self, order_id: str) -> Iterator[object]:
        books = OrderBooks(order_id, *(self._book(keeper, order_id) for keeper in KEEPERS))
        if books.customers is not None:
            yield from ledgers.order_credit(books.customers)
        yield from holdings.compare(books)
        yield from axes.compare(books)

    def _book(self, keeper: str, order_id: str) -> Any:
        """Give the one row of an order, by asking for the first behind the id before."""
        asked = {
            "book": "orders",
            "after": str(UUID(int=UUID(order_id).int - 1)),
            "limit": 1,
        }
        rows = self._books.ask(keeper, "audit_books", asked)["items"]
        return next((row for row in rows if row["key"] == order_id), None)

    def order_id(self, number: str) -> str:
        """Give the id by which the other services know an order."""
        (row,) = self._rows("orders", 'select id::text from "order" where number = %s', number)
        return str(row.id)

    def _rows(self, service: str, statement: str, *values: object) -> list[Any]:
        with self._databases[service].cursor(cursor_factory=NamedTupleCursor) as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())


_UNFINISHED = """
select kind, state from conversation where state in ('running', 'undoing')
union all
select listener, state || ': ' || left(error, 300) from failed_message where state <> 'discarded'
"""
_DAILY = {
    service: {each.job for each in timers(service) if isinstance(each.schedule, Daily)}
    for service in SERVICES
}
# What is promised only when all is quiet is seen to by `await_quiet`.
_AT_REST = {"no conversation is half done"}


def _promises(service: str) -> str:
    promises = {**PLATFORM, **BOOKS.get(service, {})}
    return " union all ".join(
        f"select '{promise.replace(chr(39), chr(39) * 2)}' as promise,"
        f" row_to_json(b)::text as breach from ({statement}) b"
        for promise, statement in promises.items()
        if promise not in _AT_REST
    )


_PROMISES = {service: _promises(service) for service in SERVICES}


@contextmanager
def watching(system: System) -> Iterator[Watch]:
    """Watch a system for as long as the block lasts."""
    with ExitStack() as open_:
        databases = {}
        for service in SERVICES:
            database = open_.enter_context(closing(psycopg2.connect(system.database_url(service))))
            database.autocommit = True
            databases[service] = database
        client = open_.enter_context(RpcClient(system.wiring.buses[AUDIT], AUDIT))
        yield Watch(databases, BooksByRpc(client))
