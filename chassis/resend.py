"""Anti-entropy: who is owed which events, what did not arrive, and sending that again.

A broker can lose messages that it confirmed: a queue is deleted, a disk dies. So the relay's
process regularly asks each listening service, by RPC, which events it listens to, and which of
those sent some time ago its inbox does not have. These are sent again to that service alone.

A message that still waits in a queue is not lost. Missing ones count as lost when the queue is
empty, or when something sent clearly later has been handled already: queues are first in, first
out, and one replica at a time reads them.
"""

import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2

from chassis import bus, topology
from chassis.errors import GendanError
from chassis.events import routing_key
from chassis.principal import Principal
from chassis.rpc import RpcClient, deadline_in

if TYPE_CHECKING:
    from chassis.relay import Relay

_log = logging.getLogger(__name__)

EVERY_SECONDS = float(os.environ.get("GENDAN_RESEND_SECONDS", "60"))
# What is missing may just be handled by somebody: a second look decides.
SECOND_LOOK_SECONDS = 5.0
# Younger ones may be on their way.
GRACE_SECONDS = float(os.environ.get("GENDAN_RESEND_GRACE_SECONDS", "10"))
# How much later something must have been sent, and yet handled, for a missing one to be lost.
OVERTAKEN_SECONDS = 10.0
# One sent again is not sent once more before this while its queue is not empty.
PATIENCE_SECONDS = 600.0
LEARN_SECONDS = 2.0
PAGE = 500
PAGES_A_ROUND = 40
_CALL_SECONDS = 10.0

_PUT_OFF: tuple[type[Exception], ...] = (psycopg2.Error, GendanError, *bus.BUS_ERRORS)

_RELAY = Principal("relay", "relay", kind="service")

_SENT = """
select id, message_id, name, schema_version, aggregate_type, aggregate_id, body, created_at, sent_at
  from outbox
 where sent_at is not null and (sent_at, id) > (%(after)s, %(after_id)s)
   and sent_at < clock_timestamp() - make_interval(secs => %(grace)s)
 order by sent_at, id limit %(limit)s
"""
_LEARN = """
insert into audience (service, routing_keys, resent) values (%s, %s, 0)
on conflict (service) do update set routing_keys = excluded.routing_keys
"""
_NOTE = """
update audience
   set caught_up_to = coalesce(%(caught_up_to)s, caught_up_to), compared_at = clock_timestamp(),
       resent = resent + %(resent)s,
       resent_at = case when %(resent)s > 0 then clock_timestamp() else resent_at end
 where service = %(service)s
"""


class Audience:
    """Who listens to one service's events, as learned by asking and kept in its database.

    As long as not every peer has ever answered, each event counts as owed to somebody: it is
    better held back for a moment than dropped by a broker that has no queue for it yet.
    """

    def __init__(self, source: str, peers: Sequence[str]) -> None:
        self.source = source
        self._peers = frozenset(peers)
        self._keys: dict[str, frozenset[str]] = {}

    @property
    def is_known(self) -> bool:
        return self._peers <= self._keys.keys()

    def is_owed(self, key: str) -> bool:
        """Say whether an event of this routing key must find a queue."""
        if not self.is_known:
            return True
        return any(self.wants(service, key) for service in self._keys)

    def wants(self, service: str, key: str) -> bool:
        keys = self._keys.get(service, frozenset())
        return key in keys or topology.EVERY_EVENT in keys

    def listeners(self) -> list[str]:
        return sorted(service for service, keys in self._keys.items() if keys)

    def read(self, database: Any) -> None:
        """Read what was learned before."""
        with database.cursor() as cursor:
            cursor.execute("select service, routing_keys from audience")
            self._keys = {service: frozenset(keys) for service, keys in cursor.fetchall()}

    def learn(self, database: Any, service: str, keys: Sequence[str]) -> None:
        """Keep what a service says that it listens to."""
        if self._keys.get(service) == frozenset(keys):
            return
        with database.cursor() as cursor:
            cursor.execute(_LEARN, (service, sorted(keys)))
        self._keys = {**self._keys, service: frozenset(keys)}


class Sent(NamedTuple):
    """A row of the outbox that the broker confirmed."""

    id: int
    message_id: str
    name: str
    schema_version: int
    aggregate_type: str
    aggregate_id: str
    body: str
    created_at: datetime
    sent_at: datetime


def lost(
    missing: Sequence[Sent], page: Sequence[Sent], *, queue_length: int
) -> tuple[list[Sent], datetime]:
    """Tell the lost from those that may still wait, and give until when all has arrived.

    `page` is what was asked for, in the order it was sent.
    """
    if not missing:
        return [], page[-1].sent_at
    # What was sent in the same microsecond as the first missing one is compared again.
    arrived_until = missing[0].sent_at - timedelta(microseconds=1)
    if queue_length == 0:
        return list(missing), arrived_until
    absent = {sent.id for sent in missing}
    handled = [sent.sent_at for sent in page if sent.id not in absent]
    if not handled:
        return [], arrived_until
    overtaken_before = handled[-1] - timedelta(seconds=OVERTAKEN_SECONDS)
    return [sent for sent in missing if sent.sent_at < overtaken_before], arrived_until


class Resender:
    """Compares, in one thread for all databases whose relay is at work in this process."""

    def __init__(
        self,
        relays: "Sequence[Relay]",
        amqp_url: str,
        stopping: threading.Event,
        *,
        peers: Sequence[str],
        ssl: Any = None,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._relays = relays
        self._peers = peers
        self._stopping = stopping
        self._every = every_seconds
        self._client = RpcClient(amqp_url, "relay", ssl=ssl)
        # By listening service and message: when it was first missed, when last sent again.
        self._missed: dict[tuple[str, str], float] = {}
        self._sent_again: dict[tuple[str, str], float] = {}
        self._second_look_is_due = False

    def run(self) -> None:
        """Ask at once who listens, soon again while somebody has not answered; then compare."""
        compare_at = time.monotonic() + min(self._every, 5.0)
        while not self._stopping.is_set():
            subscriptions = self._ask_around()
            due = time.monotonic() >= compare_at
            for relay in self._relays:
                if relay.is_active.is_set() and not self._stopping.is_set():
                    self._guarded(relay, subscriptions, compare=due)
            if due:
                soon = min(self._every, SECOND_LOOK_SECONDS)
                compare_at = time.monotonic() + (soon if self._second_look_is_due else self._every)
                self._second_look_is_due = False
                self._forget()
            # One that stands by reads what was learned when its turn comes.
            known = all(
                relay.audience.is_known for relay in self._relays if relay.is_active.is_set()
            )
            self._stopping.wait(max(0.1, compare_at - time.monotonic()) if known else LEARN_SECONDS)

    def close(self) -> None:
        """Let no call be waited for any more."""
        self._client.close()

    def _ask_around(self) -> dict[str, Mapping[str, Sequence[str]]]:
        """Give what each service that answers listens to: routing keys by source."""
        answers: dict[str, Mapping[str, Sequence[str]]] = {}
        for service in self._peers:
            if self._stopping.is_set():
                break
            try:
                answers[service] = self._call(service, "listening", {})
            except GendanError as error:
                if error.code == "unknown_method":
                    answers[service] = {}
                else:
                    _log.debug("%s does not say what it listens to: %s", service, error)
        return answers

    def _call(self, service: str, method: str, body: Mapping[str, Any]) -> Any:
        return self._client.call(
            service,
            method,
            body,
            principal=_RELAY.to_wire(),
            deadline=deadline_in(_CALL_SECONDS),
        )

    def _guarded(
        self,
        relay: "Relay",
        subscriptions: Mapping[str, Mapping[str, Sequence[str]]],
        *,
        compare: bool,
    ) -> None:
        try:
            with closing(relay.connect("resend")) as database:
                for service, by_source in subscriptions.items():
                    relay.audience.learn(database, service, by_source.get(relay.service, ()))
                if compare:
                    self.compare(relay, database, list(subscriptions))
        except _PUT_OFF as error:
            _log.warning("comparing what %s sent is put off: %s", relay.service, error)

    def compare(self, relay: "Relay", database: Any, services: Sequence[str]) -> int:
        """Compare what one service sent with its listeners' inboxes; give how many went again."""
        total = 0
        pipeline: Any = None
        try:
            for service in relay.audience.listeners():
                if service not in services:
                    continue  # it does not answer now; it is owed its events all the same
                if pipeline is None:
                    pipeline = relay.pipeline()
                total += self._compare(relay, database, pipeline, service)
        finally:
            if pipeline is not None:
                pipeline.cut()
        return total

    def _compare(self, relay: "Relay", database: Any, pipeline: Any, service: str) -> int:
        with database.cursor() as cursor:
            cursor.execute("select caught_up_to from audience where service = %s", (service,))
            caught_up_to: datetime | None = cursor.fetchone()[0]
        after, after_id = caught_up_to, 2**62
        is_unbroken = True
        resent = 0
        for _ in range(PAGES_A_ROUND):
            page = self._page(database, after, after_id)
            if not page or self._stopping.is_set():
                break
            # The length first: what is taken from the queue after this is handled or missing,
            # and a missing one sent again in vain is stopped by the inbox.
            length = pipeline.queue_length(topology.queue_name(relay.service, service))
            missing = self._missing(relay, service, page)
            gone, arrived_until = lost(missing, page, queue_length=length)
            resent += self._send_again(relay, pipeline, service, gone, is_empty=length == 0)
            if is_unbroken:
                caught_up_to = arrived_until
                is_unbroken = not missing
            after, after_id = page[-1].sent_at, page[-1].id
            if len(page) < PAGE:
                break
        with database.cursor() as cursor:
            cursor.execute(
                _NOTE, {"service": service, "caught_up_to": caught_up_to, "resent": resent}
            )
        return resent

    def _page(self, database: Any, after: datetime | None, after_id: int) -> list[Sent]:
        with database.cursor() as cursor:
            cursor.execute(
                _SENT,
                {
                    "after": after or "-infinity",
                    "after_id": after_id,
                    "grace": GRACE_SECONDS,
                    "limit": PAGE,
                },
            )
            return [Sent(*row) for row in cursor.fetchall()]

    def _missing(self, relay: "Relay", service: str, page: Sequence[Sent]) -> list[Sent]:
        wanted = [
            sent
            for sent in page
            if relay.audience.wants(service, routing_key(sent.name, sent.schema_version))
        ]
        if not wanted:
            return []
        answer = self._call(
            service,
            "missing_messages",
            {
                "source": relay.service,
                "messages": [
                    {"id": sent.message_id, "name": sent.name, "version": sent.schema_version}
                    for sent in wanted
                ],
            },
        )
        absent = set(answer["missing"])
        return [sent for sent in wanted if sent.message_id in absent]

    def _send_again(
        self,
        relay: "Relay",
        pipeline: Any,
        service: str,
        gone: Sequence[Sent],
        *,
        is_empty: bool,
    ) -> int:
        now = time.monotonic()
        patience = 0.0 if is_empty else PATIENCE_SECONDS
        rows = []
        for sent in gone:
            key = service, sent.message_id
            if now - self._missed.setdefault(key, now) < min(self._every, SECOND_LOOK_SECONDS) / 2:
                self._second_look_is_due = True
            elif now - self._sent_again.get(key, float("-inf")) >= patience:
                rows.append(sent)
        if not rows:
            return 0
        outcome = pipeline.publish(rows, is_mandatory=_always, resend_to=service)
        for sent in rows:
            self._sent_again[service, sent.message_id] = now
        _log.warning(
            "%d events of %s had not arrived at %s and are sent again, %d of them in vain",
            len(rows), relay.service, service, len(outcome.refused),
        )  # fmt: skip
        return len(outcome.confirmed)

    def _forget(self) -> None:
        oldest = time.monotonic() - PATIENCE_SECONDS
        self._missed = {key: at for key, at in self._missed.items() if at > oldest}
        self._sent_again = {key: at for key, at in self._sent_again.items() if at > oldest}


def _always(_key: str) -> bool:
    return True


def figures(database: Any) -> list[dict[str, Any]]:
    """Give, for `./gendan audit`, what each listening service is owed, as its source knows it."""
    with database.cursor() as cursor:
        cursor.execute(
            "select service, routing_keys, caught_up_to, compared_at, resent, resent_at"
            "  from audience where routing_keys <> '{}' order by service"
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
