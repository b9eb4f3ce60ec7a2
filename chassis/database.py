"""A service's database: one engine a process, and `Work`, one transaction and what it announces."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import psycopg2
from marshmallow import Schema
from psycopg2.extensions import get_wait_callback
from sqlalchemy import Connection, Engine, MetaData, Table, create_engine
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from chassis import (
    changes,
    clock,
    conversation_table,
    failed,
    inbox,
    outbox,
    policy,
    roundtrips,
    timers,
)
from chassis import command_table as commands_table
from chassis.errors import Unavailable, plain
from chassis.events import Event
from chassis.notation import from_json, to_json_text
from chassis.policy import Rule, SettingNotFound
from chassis.principal import SYSTEM, Principal
from chassis.roundtrips import Bundle, PreparingConnection, ThriftyConnection

Answer = TypeVar("Answer")

# PostgreSQL's own limits on every connection (milliseconds): a statement that waits longer
# than a caller would is ended by the server, never by a green timeout (ARCHITECTURE §6).
STATEMENT_TIMEOUT_MS = 15_000
LOCK_TIMEOUT_MS = 8_000
IDLE_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_SECONDS = 5
# How either side finds out that the other's machine is gone, PostgreSQL to let go its locks: the
# system's own way takes two hours, and a quarter of one where something was just sent.
KEEPALIVES: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
SERVER_KEEPALIVES = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=20000"
)

# serialization_failure, deadlock_detected: the whole transaction may simply be run again.
RETRIED = {"40001", "40P01"}
TRIES = 4

# What a database says that will answer again by itself or by its keeper's hand: codes, or the
# beginnings they share.
_WAITING_HELPS = (
    "08",  # the connection
    "25006",  # it takes no changes: a standby, or closed by hand
    "25P03",  # idle_in_transaction_session_timeout: the process stood still
    "25P04",  # transaction_timeout
    "53",  # out of disk, memory or connections
    "55P03",  # lock_not_available (lock_timeout)
    "57014",  # query_canceled (statement_timeout)
    "57P",  # shut down, crashed, starting, dropped, idle_session_timeout
    "58",  # its machine failed it
    *sorted(RETRIED),
)

# Queries of one process at a time, as many as it has workers unless told otherwise: PostgreSQL's
# connections are for all processes.
MOST_READING = 10

_SETTINGS_KEPT_SECONDS = 1.0


class DatabaseUnavailable(Unavailable):
    """The database is away or busy, or what was needed stayed locked too long."""

    code = "database_unavailable"
    en = "The {service} database cannot answer now; try again with the same key."
    zh = "{service} 数据库暂时不可用，请用同一键值重试。"


class Platform:
    """The chassis's own tables, present in every service's metadata."""

    def __init__(self, metadata: MetaData) -> None:
        self.outbox: Table = outbox.table(metadata)
        self.audience: Table = outbox.audience_table(metadata)
        self.inbox: Table = inbox.table(metadata)
        self.cursors: Table = inbox.cursor_table(metadata)
        self.failed: Table = failed.table(metadata)
        self.job_slots: Table = timers.table(metadata)
        self.commands: Table = commands_table.table(metadata)
        self.conversations: Table = conversation_table.table(metadata)
        self.changes: Table = changes.table(metadata)
        self.settings: Table = policy.table(metadata)


@dataclass(frozen=True)
class Announcement:
    """An event with the number that its aggregate gave it."""

    event: Event
    sequence: int


class Work:
    """One transaction: its connection, who acts, the business's now, and what it announces.

    Everything announced or logged is written in this same transaction, after the aggregates
    are flushed (MESSAGING §3.2: the outbox row must follow the aggregate's row lock).
    """

    def __init__(
        self, store: "Store", connection: Connection, principal: Principal, now: datetime
    ) -> None:
        self.store = store
        self._connection = connection
        self.principal = principal
        self.now = now
        #: What this transaction knows of itself: locks it holds, what it has written.
        self.info: dict[str, Any] = {}
        #: The idempotency key of the command that runs; None elsewhere.
        self.key: str | None = None
        #: What travels with the next journey, at the latest with COMMIT.
        self.bundle = Bundle(connection)
        self._session: Session | None = None
        self._announced: list[Announcement] = []
        self._logged: list[dict[str, Any]] = []

    @property
    def connection(self) -> Connection:
        """The transaction's connection; whoever asks on it finds what the bundle held written."""
        self.bundle.send()
        return self._connection

    @property
    def session(self) -> Session:
        """The unit of work over the same transaction; made when it is asked for.

        Two thirds of what a short transaction costs were a session that it did not use.
        """
        self.bundle.send()
        if self._session is None:
            self._session = Session(self._connection, expire_on_commit=False, autoflush=False)
        return self._session

    @property
    def has_new_objects(self) -> bool:
        """Whether the unit of work has objects to insert."""
        return self._session is not None and bool(self._session.new)

    @property
    def today(self) -> date:
        return clock.business_date(self.now)

    def setting(self, key: str) -> Any:
        """Give a number of the business: what was set, else its declared default."""
        return self.store.setting(self._connection, key)

    def announce(self, *events: Event) -> None:
        """Put events in the outbox when this transaction commits."""
        for event in events:
            aggregate = event.aggregate
            aggregate.sequence = (aggregate.sequence or 0) + 1
            self._announced.append(Announcement(event, aggregate.sequence))

    def log(
        self,
        entity_type: str,
        entity_id: object,
        action: str,
        *,
        changes: Mapping[str, Any] | None = None,
        reason: str | None = None,
        note: str | None = None,
    ) -> None:
        """Write who did what, when and why into the append-only log; changes are [old, new]."""
        self._logged.append(
            {
                "entity_type": entity_type,
                "entity_id": str(entity_id),
                "action": action,
                "at": self.now,
                "recorded_at": clock.machine_now(),
                "person_id": self.principal.person_id,
                "person_name": self.principal.name,
                "changes": plain(changes or {}),
                "reason": reason,
                "note": note,
            }
        )

    def settle(self) -> None:
        """Flush the aggregates, then write what was bundled, announced and logged."""
        self.gather()
        self.bundle.send()

    def conclude(self, statement: str | None = None, values: Any = None) -> None:
        """Settle, run a last statement and commit, all in one journey to the database.

        Nothing can be done in this transaction afterwards. The last statement must fail where
        the transaction must not stand: its row count comes too late to be asked.
        """
        self.gather()
        if statement is not None:
            self.bundle.add(statement, values)
        self.bundle.send(commit=True)

    def gather(self) -> None:
        """Flush the aggregates, and bundle what was announced and logged."""
        if self._session is not None:
            self._session.flush()
        if self._announced:
            outbox.write(
                self.bundle,
                self.store.platform.outbox,
                [self._envelope(announced) for announced in self._announced],
            )
            self._announced.clear()
        if self._logged:
            self.bundle.insert(self.store.platform.changes, self._logged)
            self._logged.clear()

    def commit(self) -> None:
        """Settle and end the transaction, unless it was concluded."""
        self.settle()
        if self._session is not None:
            self._session.commit()
        roundtrips.commit(self._connection)

    def forget(self) -> None:
        """Let go of every object and lock known, written or not, as if the work began here."""
        if self._session is not None:
            self._session.expunge_all()
        self.info.clear()

    def close(self) -> None:
        """Let go of the session, if there is one; what it had not committed is rolled back."""
        if self._session is not None:
            self._session.close()

    def _envelope(self, announced: Announcement) -> dict[str, Any]:
        event = announced.event
        schema = self.store.events[type(event)]
        return {
            "name": event.name,
            "schema_version": event.schema_version,
            "message_id": str(uuid4()),
            "source": self.store.service,
            "occurred_at": clock.machine_now().isoformat(),
            "business_at": self.now.isoformat(),
            "aggregate": {
                "type": event.aggregate.aggregate_type,
                "id": str(event.aggregate.id),
                "sequence": announced.sequence,
            },
            "principal": {"person_id": self.principal.person_id, "name": self.principal.name},
            "data": schema.dump(event),
        }


class Store:
    """A service's database as one process sees it.

    `events` says how each announced event is dumped; `rules` are the declared settings.
    """

    def __init__(
        self,
        *,
        service: str,
        url: str,
        platform: Platform,
        events: Mapping[type[Event], Schema],
        rules: Mapping[str, Rule],
        pool_size: int = 12,
    ) -> None:
        self.service = service
        self.platform = platform
        self.events = events
        self.rules = rules
        self.engine: Engine = connect(url, application=service, pool_size=pool_size)
        # A query needs no transaction of its own: BEGIN and ROLLBACK would be two round trips.
        # On connections of its own: to switch one there and back would be two as well.
        self.reading: Engine = connect(
            url,
            application=service,
            pool_size=min(pool_size, MOST_READING),
            only_reads=True,
        )
        self._stored: dict[str, Any] = {}
        self._settings: dict[str, Any] = {}
        self._settings_read = float("-inf")

    def transact(self, principal: Principal, body: Callable[[Work], Answer]) -> Answer:
        """Run `body` in one transaction and give its answer once that is committed.

        A deadlock or serialization failure, and a connection that the database ended, are
        run again from the start, which the idempotency key or inbox row of the body makes
        safe. Raises DatabaseUnavailable when that did not help.
        """
        return self._answered(partial(self.work, principal), body)

    @contextmanager
    def work(self, principal: Principal = SYSTEM) -> Iterator[Work]:
        """Open one transaction; commits at the end of the block, rolls back if it raises."""
        with self._work(self.engine, principal) as work:
            yield work
            work.commit()

    def read(self, principal: Principal, body: Callable[[Work], Answer]) -> Answer:
        """Run `body`, which only reads, and give its answer."""
        return self._answered(partial(self._work, self.reading, principal), body)

    def _answered(
        self, opened: Callable[[], AbstractContextManager[Work]], body: Callable[[Work], Answer]
    ) -> Answer:
        for attempt in range(1, TRIES + 1):
            try:
                with opened() as work:
                    return body(work)
            except PoolTimeout as error:
                raise DatabaseUnavailable(service=self.service) from error
            except DBAPIError as error:
                if not _may_be_run_again(error) or attempt == TRIES:
                    raise self._as_unavailable(error) from error
                _pause(attempt)
        raise AssertionError("unreachable")

    @contextmanager
    def _work(self, engine: Engine, principal: Principal) -> Iterator[Work]:
        with engine.connect() as connection:
            work = Work(self, connection, principal, clock.business_now())
            with closing(work):
                yield work

    def setting(self, connection: Connection, key: str) -> Any:
        rule = self.rules.get(key)
        if rule is None:
            raise SettingNotFound(key=key)
        if time.monotonic() - self._settings_read > _SETTINGS_KEPT_SECONDS:
            rows = roundtrips.ask(connection, "select key, value from setting")
            # Each is made out when it is asked for: one that this release cannot make out, set
            # by a newer one, stops only what needs it.
            self._stored = {row.key: row.value for row in rows}
            self._settings = {}
            self._settings_read = time.monotonic()
        if key not in self._settings:
            is_stored = key in self._stored
            self._settings[key] = rule.stored(self._stored[key]) if is_stored else rule.default
        return self._settings[key]

    def forget_settings(self) -> None:
        """Read the settings again at the next use; other processes do within a second."""
        self._settings_read = float("-inf")

    def close(self) -> None:
        self.engine.dispose()
        self.reading.dispose()

    def _as_unavailable(self, error: DBAPIError) -> Exception:
        """Give the error a caller should see: Unavailable where waiting helps, else the bug."""
        code = sqlstate(error)
        # Without a code it never came from the server: a connection that broke or was not made.
        cut = code is None and isinstance(error, OperationalError | InterfaceError)
        helps = code is not None and code.startswith(_WAITING_HELPS)
        away = cut or error.connection_invalidated or helps
        return DatabaseUnavailable(service=self.service) if away else error


def store_of(container: Any) -> Store:
    """Give the Store of a nameko container's service, once its Database is set up."""
    stores = [getattr(provider, "store", None) for provider in container.dependencies]
    (store,) = [found for found in stores if isinstance(found, Store)]
    return store


def connect(
    url: str,
    *,
    application: str,
    pool_size: int,
    only_reads: bool = False,
) -> Engine:
    """Give an engine for a `postgresql+psycopg2://` URL with the house's limits.

    Raises ValueError for any other form: SQLAlchemy 2.1 maps the bare one to psycopg 3,
    which blocks eventlet's hub (ARCHITECTURE §6).
    """
    if not url.startswith("postgresql+psycopg2://"):
        raise ValueError("the database URL must start with postgresql+psycopg2://")
    limits = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS} "
        f"-c idle_in_transaction_session_timeout={IDLE_TIMEOUT_MS} "
        # Only hand-written statements are prepared (chassis/roundtrips.py), and each has one way
        # to go, by key: PostgreSQL need not plan it five times over to find that out.
        "-c plan_cache_mode=force_generic_plan "
        # Compiling what is expected to be dear takes up to two seconds, and the longest of our
        # statements run for some milliseconds: what they cost is told without looking at limits.
        f"-c jit=off {SERVER_KEEPALIVES}"
    )
    engine = create_engine(
        url,
        pool_size=pool_size,
        **({"isolation_level": "AUTOCOMMIT"} if only_reads else {}),
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_SECONDS,
        pool_use_lifo=True,
        pool_recycle=1800,
        json_serializer=to_json_text,
        json_deserializer=from_json,
        # An error's text goes to logs and to failed_message: not with phones and hashes in it.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": f"gendan-{application}",
            "options": limits,
            **KEEPALIVES,
            "connection_factory": PreparingConnection if only_reads else ThriftyConnection,
        },
    )
    listen(engine, "do_connect", _connect_in_time)
    return engine


def _connect_in_time(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
    """Connect as SQLAlchemy does, but with an end also where eventlet waits for psycopg2.

    There it forgets its own `connect_timeout`: a server that takes the connection and says nothing
    held whoever came. What is asked afterwards ends by the server's limits.
    """
    if get_wait_callback() is None:
        return None  # it keeps its own
    from eventlet import Timeout

    late = psycopg2.OperationalError("the server does not answer who connects")
    with Timeout(CONNECT_TIMEOUT_SECONDS, late):
        return psycopg2.connect(*arguments, **options)


def sqlstate(error: DBAPIError) -> str | None:
    """Give PostgreSQL's five-character code of an error, if it came from the server."""
    code: str | None = getattr(error.orig, "pgcode", None)
    return code


def is_unique_violation(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and sqlstate(error) == "23505"


def _may_be_run_again(error: DBAPIError) -> bool:
    return error.connection_invalidated or sqlstate(error) in RETRIED


def _pause(attempt: int) -> None:
    # Two that met once should not meet again; nothing secret hangs on the number.
    time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311
