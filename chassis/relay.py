"""Send what outboxes hold to the broker: `python -m chassis.relay`.

Plain blocking code. One thread for each database named by GENDAN_RELAY_DATABASES, a JSON object
of service → URL; whoever may listen to them is named by GENDAN_RELAY_PEERS. Of any number of relay
processes an advisory lock leaves one at work on a database. It polls, because NOTIFY halves the
rate of commits, a cursor (`id > last`) skips transactions that commit late, and SKIP LOCKED between
two relays breaks the order (MESSAGING §3.2). Rows are published in the order of their ids and
pipelined; each is marked as sent once the broker confirmed it. On any trouble the socket is cut,
never closed politely (§0.8), and all that is unmarked is published again: inboxes make that
harmless.

An event that somebody listens to is published `mandatory`: the broker returns it when it finds
no queue, and the row stays. A returned or refused (full queue) name is held back and probed with
one event at a time, and so are later events of the aggregates it concerns; the others pass.
Only of what was published together, while a queue filled up, may it have taken a later event of an
aggregate and not the earlier one: listeners whose effect depends on the order wait (`in_order`).
"""

import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from amqp import Message
from amqp.exceptions import NotFound

from chassis import bus, faults, garbage, observe, outbox, settings, topology
from chassis.database import CONNECT_TIMEOUT_SECONDS, KEEPALIVES, SERVER_KEEPALIVES
from chassis.events import routing_key
from chassis.resend import Audience, Resender

_log = logging.getLogger(__name__)

BATCH = 500
CONFIRM_SECONDS = 10.0
# Between polls: short while there is work, longer the longer there was none. Five databases
# polled five times a second cost less than one percent of a core.
BUSY_POLL_SECONDS = 0.02
# How long events are gathered where they follow each other closely: what is sent together its
# listeners handle in one transaction (docs/decisions/0012).
GATHER_SECONDS = 0.1
# Where so many came in that time they are gathered twice as long: about as many as a listener
# takes together come at once then, and what each transaction costs is shared by more.
CROWD = 6
IDLE_POLL_SECONDS = 0.2
BECOMES_IDLE_AFTER_SECONDS = 3.0
STANDBY_SECONDS = 1.0
# A relay asks its database many times a second.
STANDS_STILL_MS = 30_000
# A held-back name is probed after this, doubled with each probe that fails.
FIRST_HOLD_SECONDS = 0.2
LONGEST_HOLD_SECONDS = 5.0
PURGE_EVERY_SECONDS = 3600.0
# Not before what was sent has been compared (chassis/resend.py): after a restore of an old backup
# all of the inbox is past its time, and what it guards may be sent again by then.
FIRST_PURGE_SECONDS = 600.0
PURGE_CHUNK = 5_000

_UNSENT = """
select id, message_id, name, schema_version, aggregate_type, aggregate_id, body, created_at
  from outbox where sent_at is null order by id limit %(limit)s
"""
# While names are held back. An aggregate with a held event keeps its later ones back with it.
_UNSENT_BUT_HELD = """
select id, message_id, name, schema_version, aggregate_type, aggregate_id, body, created_at
  from outbox event
 where sent_at is null and name <> all(%(held)s)
   and not exists (
     select from outbox earlier
      where earlier.sent_at is null and earlier.name = any(%(held)s)
        and earlier.aggregate_type = event.aggregate_type
        and earlier.aggregate_id = event.aggregate_id and earlier.id < event.id)
 order by id limit %(limit)s
"""
# With the first event of a name, whether one of its aggregate has to leave before it.
_PROBE = """
select id, message_id, name, schema_version, aggregate_type, aggregate_id, body, created_at,
  exists (
    select from outbox earlier
     where earlier.sent_at is null and earlier.name = any(%(held)s)
       and earlier.aggregate_type = event.aggregate_type
       and earlier.aggregate_id = event.aggregate_id and earlier.id < event.id)
  from outbox event where sent_at is null and name = %(name)s order by id limit 1
"""
_MARK = "update outbox set sent_at = clock_timestamp() where id = any(%s)"


class _Row(NamedTuple):
    id: int
    message_id: str
    name: str
    schema_version: int
    aggregate_type: str
    aggregate_id: str
    body: str
    created_at: Any


class ConfirmsLate(Exception):
    """The broker did not confirm in time; it may or may not have the messages."""


_TROUBLE: tuple[type[Exception], ...] = (psycopg2.Error, ConfirmsLate, *bus.BUS_ERRORS)


@dataclass
class Outcome:
    """What became of a published batch, by the ids of its rows."""

    confirmed: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


class Pipeline:
    """A connection that publishes many messages before it waits for their confirms."""

    def __init__(self, amqp_url: str, source: str, ssl: Any = None) -> None:
        self._connection = bus.connect(amqp_url, name=f"relay-{source}", ssl=ssl)
        self._source = source
        topology.declare_source(self._connection, source)
        self._channel = self._connection.channel()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        self._channel.confirm_select()
        self._published = 0
        self._open: dict[int, tuple[int, str]] = {}
        self._returned: set[str] = set()
        self._outcome = Outcome()

    def publish(
        self, rows: Sequence[_Row], *, is_mandatory: Callable[[str], bool], resend_to: str = ""
    ) -> Outcome:
        """Publish rows in their order and give what the broker said of each.

        With `resend_to` they go to that listening service's queue alone. Raises ConfirmsLate
        or one of bus.BUS_ERRORS, after which the pipeline must be cut.
        """
        self._outcome = Outcome()
        self._returned.clear()
        exchange = topology.events_exchange(self._source)
        for row in rows:
            key = routing_key(row.name, row.schema_version)
            mandatory = bool(resend_to) or is_mandatory(key)
            self._published += 1
            self._open[self._published] = (row.id, str(row.message_id))
            self._channel.basic_publish(
                _message(row, self._source, key),
                exchange=topology.resend_exchange(self._source) if resend_to else exchange,
                routing_key=resend_to or key,
                mandatory=mandatory,
            )
        give_up = time.monotonic() + CONFIRM_SECONDS
        while self._open:
            left = give_up - time.monotonic()
            if left <= 0:
                raise ConfirmsLate(f"{len(self._open)} of {len(rows)} events are not confirmed")
            self.wait(min(left, 1.0))
        return self._outcome

    def wait(self, seconds: float) -> None:
        """Let the broker speak for up to so long; it may also say goodbye."""
        transport = self._connection.transport
        transport.sock.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            self._connection.handle_what_came()
        self._connection.heartbeat_tick()

    def queue_length(self, queue: str) -> int:
        """Give how many messages wait in a queue; a missing queue has none."""
        channel = self._connection.channel()
        try:
            length: int = channel.queue_declare(queue, passive=True).message_count
        except NotFound:
            return 0
        channel.close()
        return length

    def cut(self) -> None:
        self._connection.cut()

    def _settled(self, tag: int, *, multiple: bool) -> Iterator[tuple[int, str]]:
        if not multiple:
            if tag in self._open:
                yield self._open.pop(tag)
            return
        for earlier in [open_tag for open_tag in self._open if open_tag <= tag]:
            yield self._open.pop(earlier)

    def _on_ack(self, tag: int, multiple: int) -> None:
        for row_id, message_id in self._settled(tag, multiple=bool(multiple)):
            # The return of an unroutable message comes before its confirm.
            returned = message_id in self._returned
            (self._outcome.refused if returned else self._outcome.confirmed).append(row_id)

    def _on_nack(self, tag: int, multiple: int) -> None:
        for row_id, _ in self._settled(tag, multiple=bool(multiple)):
            self._outcome.refused.append(row_id)

    def _on_return(self, _error: Exception, _exchange: str, _key: str, message: Any) -> None:
        self._returned.add(message.properties.get("message_id", ""))


def _message(row: _Row, source: str, key: str) -> Message:
    return Message(
        row.body.encode("utf-8", "surrogatepass"),
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        message_id=str(row.message_id),
        type=key,
        app_id=source,
        timestamp=int(row.created_at.timestamp()),
    )


@dataclass
class _Hold:
    """A name that the broker does not take now."""

    until: float
    seconds: float


class Relay:
    """The relay of one database: one thread, which starts again after any trouble."""

    def __init__(
        self,
        service: str,
        database_url: str,
        amqp_url: str,
        audience: Audience,
        stopping: threading.Event,
        ssl: Any = None,
    ) -> None:
        self.service = service
        self.is_active = threading.Event()
        self._database_url = plain_url(database_url)
        self._amqp_url = amqp_url
        self._ssl = ssl
        self.audience = audience
        self._stopping = stopping
        self._holds: dict[str, _Hold] = {}
        # One event at first after trouble: if the broker takes none, few are sent in vain.
        self._batch = 1
        self._purge_at = time.monotonic() + FIRST_PURGE_SECONDS

    def run(self) -> None:
        back_off = bus.BackOff(longest=5.0)
        while not self._stopping.is_set():
            try:
                self._relay(back_off)
            except _TROUBLE as error:
                self._batch = 1
                pause = back_off.failed()
                _log.warning("relay of %s starts again: %s", self.service, _first_line(error))
                self._stopping.wait(pause)
            finally:
                self.is_active.clear()

    def connect(self, purpose: str, *limits: str) -> Any:
        """Open a connection to the database. Raises psycopg2.Error."""
        return connect(self._database_url, f"{purpose}-{self.service}", *limits)

    def connect_to_relay(self) -> Any:
        """Open the connection that holds the lock. Raises psycopg2.Error.

        PostgreSQL ends it where nothing is asked for long: a relay that stands still would keep
        its standby waiting. Awake again it cannot mark what it publishes.
        """
        return self.connect("relay", f"idle_session_timeout={STANDS_STILL_MS}")

    def pipeline(self) -> Pipeline:
        """Open a connection to publish on. Raises one of bus.BUS_ERRORS."""
        return Pipeline(self._amqp_url, self.service, self._ssl)

    def _relay(self, back_off: bus.BackOff) -> None:
        with contextlib.closing(self.connect_to_relay()) as database:
            if not self._wait_for_lock(database):
                return
            _log.info("relay of %s is at work", self.service)
            self.audience.read(database)
            pipeline = self.pipeline()
            try:
                self.is_active.set()
                self._work(database, pipeline, back_off)
            finally:
                # Also when all is well: closing politely can block as publishing can.
                pipeline.cut()

    def _wait_for_lock(self, database: Any) -> bool:
        """Wait until no other relay works on the database. False: the process stops."""
        said = False
        while not self._stopping.is_set():
            with database.cursor() as cursor:
                cursor.execute("select pg_try_advisory_lock(%s)", (lock_key("relay"),))
                if cursor.fetchone()[0]:
                    return True
            if not said:
                _log.info("relay of %s stands by", self.service)
                said = True
            self._stopping.wait(STANDBY_SECONDS)
        return False

    def _work(self, database: Any, pipeline: Pipeline, back_off: bus.BackOff) -> None:
        last_work = time.monotonic()
        while not self._stopping.is_set():
            sent = self.send_batch(database, pipeline)
            now = time.monotonic()
            pause = BUSY_POLL_SECONDS
            if sent:
                back_off.succeeded()
                if now - last_work < 3 * GATHER_SECONDS:
                    pause = GATHER_SECONDS * (2 if sent >= CROWD else 1)
                last_work = now
            elif now - last_work > BECOMES_IDLE_AFTER_SECONDS:
                pause = IDLE_POLL_SECONDS
            if sent < self._batch_size(sent):
                pipeline.wait(pause)
            if now >= self._purge_at:
                self._purge_at = now + PURGE_EVERY_SECONDS
                purge(database)

    def _batch_size(self, sent: int) -> int:
        """Give the size of the last batch, and let the next one be larger if it went well."""
        size = self._batch
        if sent == size:
            self._batch = min(size * 8, BATCH)
        return size

    def send_batch(self, database: Any, pipeline: Pipeline) -> int:
        """Publish what is due and mark what the broker took; give how many events that were."""
        rows = self._due(database)
        if not rows:
            return 0
        outcome = pipeline.publish(rows, is_mandatory=self.audience.is_owed)
        faults.point("after_publish_before_mark")
        if outcome.confirmed:
            with database.cursor() as cursor:
                cursor.execute(_MARK, (outcome.confirmed,))
        self._judge(rows, outcome)
        return len(outcome.confirmed)

    def _due(self, database: Any) -> list[_Row]:
        now = time.monotonic()
        held = [name for name, hold in self._holds.items() if hold.until > now]
        probed = [name for name, hold in self._holds.items() if hold.until <= now]
        with database.cursor() as cursor:
            rows: list[_Row] = []
            for name in probed:
                cursor.execute(_PROBE, {"name": name, "held": list(self._holds)})
                found = cursor.fetchone()
                if found is None:
                    del self._holds[name]
                    continue
                *columns, is_behind = found
                if is_behind:
                    held.append(name)
                else:
                    rows.append(_Row(*columns))
            if rows:
                return sorted(rows)
            if held:
                cursor.execute(_UNSENT_BUT_HELD, {"held": held, "limit": self._batch})
            else:
                cursor.execute(_UNSENT, {"limit": self._batch})
            return [_Row(*row) for row in cursor.fetchall()]

    def _judge(self, rows: Sequence[_Row], outcome: Outcome) -> None:
        """Hold back the names that the broker refused, let go those that it takes again."""
        refused = set(outcome.refused)
        names_refused = {row.name for row in rows if row.id in refused}
        for name in {row.name for row in rows} - names_refused:
            if self._holds.pop(name, None):
                _log.info("events %s of %s are taken again", name, self.service)
        for name in names_refused:
            hold = self._holds.get(name)
            if hold is None:
                _log.warning(
                    "events %s of %s find no queue or a full one: held back", name, self.service
                )
            seconds = min(hold.seconds * 2, LONGEST_HOLD_SECONDS) if hold else FIRST_HOLD_SECONDS
            self._holds[name] = _Hold(time.monotonic() + seconds, seconds)


_PAST = f"< now() - interval '{outbox.KEPT_DAYS} days'"
# What guards against doing twice goes only where work went on the day before yesterday. A service
# that was away for long has its last messages coming again when it is back, and for a day until
# they are compared; and a clock that has just been set wrong by weeks knows no such day.
_AND_LIVED_ON = "between now() - interval '2 days' and now() - interval '1 day'"
# What is past its time, by table. Nothing goes from the outbox that a listener has not been
# seen to have (chassis/resend.py).
_PURGED = {
    "outbox": f"sent_at {_PAST} and not exists (select from audience where routing_keys <> '{{}}'"
    " and coalesce(caught_up_to, '-infinity') <= outbox.sent_at)",
    "inbox": f"received_at {_PAST}"
    f" and exists (select from inbox where received_at {_AND_LIVED_ON})",
    "command": f"created_at {_PAST}"
    f" and exists (select from command where created_at {_AND_LIVED_ON})",
    # By its lease, which is set anew whenever it is worked on: its key answers for so long
    # after its end. One that is still open stays, however old it is.
    "conversation": f"state in ('done', 'refused', 'void') and lease_until {_PAST}"
    f" and exists (select from conversation where lease_until {_AND_LIVED_ON})",
    "failed_message": f"state = 'discarded' and last_failed_at {_PAST}",
}


def purge(database: Any) -> dict[str, int]:
    """Delete what is past its time, in chunks so that no lock is held for long."""
    deleted = {}
    for table, condition in _PURGED.items():
        deleted[table] = 0
        while True:
            with database.cursor() as cursor:
                cursor.execute(
                    f"delete from {table} where ctid = any(array("  # noqa: S608  our constants
                    f"select ctid from {table} where {condition} limit {PURGE_CHUNK}))"
                )
                deleted[table] += cursor.rowcount
                if cursor.rowcount < PURGE_CHUNK:
                    break
    return deleted


def connect(url: str, application: str, *limits: str) -> Any:
    """Open a connection in which each statement is its own transaction."""
    options = ("statement_timeout=30000", "lock_timeout=8000", *limits)
    connection = psycopg2.connect(
        url,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        application_name=f"gendan-{application}",
        # Its lock goes with it, also where its machine is lost: a standby waits for that.
        options=" ".join([*(f"-c {option}" for option in options), SERVER_KEEPALIVES]),
        **KEEPALIVES,
    )
    connection.autocommit = True
    return connection


def plain_url(url: str) -> str:
    """Give SQLAlchemy's form of a database URL as libpq reads it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme=parts.scheme.partition("+")[0]))


def lock_key(purpose: str) -> int:
    """Give the advisory lock's number for a purpose; locks are each database's own."""
    return zlib.crc32(f"gendan {purpose}".encode())


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"


class RelayProcess:
    """A relay for each database and, beside them, the one that compares inboxes.

    `peers` are all services that may listen, also those whose databases other processes relay.
    """

    def __init__(
        self,
        databases: Mapping[str, str],
        amqp_url: str,
        *,
        peers: Sequence[str],
        ssl: Any = None,
    ) -> None:
        self._stopping = threading.Event()
        relays = [
            Relay(service, url, amqp_url, Audience(service, peers), self._stopping, ssl)
            for service, url in databases.items()
        ]
        self._resender = Resender(relays, amqp_url, self._stopping, peers=peers, ssl=ssl)
        self._threads = [
            threading.Thread(target=relay.run, name=f"relay-{relay.service}") for relay in relays
        ]
        self._threads.append(threading.Thread(target=self._resender.run, name="resender"))

    def run(self) -> int:
        """Work until told to stop; gives the exit code."""
        for thread in self._threads:
            thread.start()
        while not self._stopping.wait(0.5):
            if not all(thread.is_alive() for thread in self._threads):
                # A bug ended it; all end, and the supervisor starts the process again.
                _log.error("a thread of the relay has ended; the others are stopped")
                self.stop()
                self._join()
                return 1
        self._join()
        return 0

    def stop(self) -> None:
        self._stopping.set()

    def _join(self) -> None:
        self._resender.close()
        for thread in self._threads:
            thread.join()


def _relayed() -> tuple[dict[str, str], list[str]]:
    """Give the databases to relay and who may listen. Raises SettingMissing.

    Whoever may listen has to be told: guessed from the databases, a relay of one database would
    take it that nobody listens, and let the broker drop what finds no queue.
    """
    databases: dict[str, str] = json.loads(os.environ.get("GENDAN_RELAY_DATABASES", "{}"))
    peers = [name for name in os.environ.get("GENDAN_RELAY_PEERS", "").split(",") if name]
    if not databases or not set(databases) <= set(peers):
        raise settings.SettingMissing(
            "GENDAN_RELAY_DATABASES must name a database (JSON, service: url), and"
            " GENDAN_RELAY_PEERS all services, with commas between them"
        )
    return databases, peers


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    environment = settings.from_environment()
    observe.set_up_logging("relay", level=environment.log_level, form=environment.log_format)
    databases, peers = _relayed()
    process = RelayProcess(databases, environment.amqp_url, peers=peers, ssl=environment.amqp_ssl)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        process.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    garbage.spare_what_is_loaded()
    return process.run()


if __name__ == "__main__":
    sys.exit(main())
