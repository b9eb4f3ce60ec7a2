"""What the relay reads from an outbox, in which order, and what it purges; no broker needed."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chassis import books, database, relay
from chassis.database import Platform
from chassis.mapping import new_metadata
from chassis.relay import Outcome, Relay, plain_url
from chassis.resend import Audience


class Broker:
    """Takes every event but those of the names it refuses; remembers what it was given."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.given: list[tuple[str, int]] = []

    def publish(self, rows: Any, *, is_mandatory: Any) -> Outcome:
        outcome = Outcome()
        for row in rows:
            self.given.append((row.name, int(row.aggregate_id)))
            taken = row.name not in self.refused
            (outcome.confirmed if taken else outcome.refused).append(row.id)
        return outcome


class Outbox:
    """An outbox on real PostgreSQL and the relay that reads it."""

    def __init__(self, url: str) -> None:
        metadata = new_metadata()
        Platform(metadata)
        engine = create_engine(url)
        metadata.create_all(engine)
        engine.dispose()
        self.database = relay.connect(plain_url(url), "test")
        audience = Audience("orders", ["orders"])
        self.relay = Relay("orders", url, "amqp://nowhere", audience, threading.Event())
        self.relay._batch = 100
        self.broker = Broker()

    def execute(self, statement: str, *values: Any) -> list[Any]:
        with self.database.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def announce(self, name: str, aggregate: int) -> None:
        self.execute(
            "insert into outbox (message_id, name, schema_version, aggregate_type, aggregate_id,"
            " sequence, body, created_at) values (%s, %s, 1, 'order', %s, 1, '{}', now())",
            str(uuid4()),
            name,
            str(aggregate),
        )

    def send(self) -> list[tuple[str, int]]:
        """Send one batch and give what the broker was given."""
        self.broker.given.clear()
        self.relay.send_batch(self.database, self.broker)  # type: ignore[arg-type]  # a stand-in
        return list(self.broker.given)

    def probe_now(self) -> None:
        for hold in self.relay._holds.values():
            hold.until = 0.0


@pytest.fixture
def outbox(empty_database: str) -> Iterator[Outbox]:
    opened = Outbox(empty_database)
    with closing(opened.database):
        yield opened


def test_tls_that_the_databases_url_asks_for_is_not_done_without(empty_database: str) -> None:
    wary = f"{empty_database}?sslmode=verify-full&sslrootcert=/nowhere"

    with pytest.raises(psycopg2.OperationalError, match=r"SSL|root certificate"):
        relay.connect(plain_url(wary), "test")
    with pytest.raises(OperationalError, match=r"SSL|root certificate"):
        database.connect(wary, application="test", pool_size=1).connect()


def test_events_leave_in_the_order_they_were_written_and_once(outbox: Outbox) -> None:
    for number in range(5):
        outbox.announce("placed", number)

    assert outbox.send() == [("placed", number) for number in range(5)]
    assert outbox.send() == []


def test_what_was_said_before_inboxes_forgot_is_not_in_the_book_of_what_was_sent(
    outbox: Outbox, empty_database: str
) -> None:
    """Sent a second time just now, most of its listeners heard it more than 14 days ago."""
    for age in ("13 days", "15 days"):
        outbox.announce("placed", 1)
        outbox.execute(
            "update outbox set created_at = now() - cast(%s as interval), sent_at = now()"
            " where sent_at is null",
            age,
        )
    with Session(create_engine(empty_database)) as session:
        page = books.page(session, books.PLATFORM["sent"], after=None, limit=10)

    assert [row["key"] for row in page["items"]] == [1]


def test_postgresql_finds_out_that_a_relays_machine_is_gone(outbox: Outbox) -> None:
    """The lock goes with the connection, and a standby waits for that."""
    assert outbox.execute("show tcp_keepalives_idle") == [("10",)]
    assert outbox.execute("show tcp_user_timeout") == [("20000",)]
    assert outbox.database.info.dsn_parameters["tcp_user_timeout"] == "20000"


def test_a_relay_that_stands_still_loses_its_lock_and_marks_nothing_when_it_goes_on(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "STANDBY_SECONDS", 0.02)
    outbox.announce("placed", 1)
    with closing(outbox.relay.connect_to_relay()) as still:
        assert outbox.relay._wait_for_lock(still)
        with still.cursor() as cursor:
            cursor.execute("show idle_session_timeout")
            assert cursor.fetchone() == ("30s",)
            cursor.execute("set idle_session_timeout = 50")  # a test need not wait so long

        # Nothing is asked on it any more: the standby takes over.
        assert outbox.relay._wait_for_lock(outbox.database)

        with pytest.raises(psycopg2.OperationalError):
            outbox.relay.send_batch(still, outbox.broker)  # type: ignore[arg-type]  # a stand-in
    assert outbox.send() == [("placed", 1)]


def test_a_transaction_that_commits_late_is_not_skipped(
    outbox: Outbox, empty_database: str
) -> None:
    with closing(relay.connect(plain_url(empty_database), "late")) as late:
        late.autocommit = False
        with late.cursor() as cursor:
            cursor.execute(
                "insert into outbox (message_id, name, schema_version, aggregate_type,"
                " aggregate_id, sequence, body, created_at)"
                " values (gen_random_uuid(), 'placed', 1, 'order', '1', 1, '{}', now())"
            )
        outbox.announce("placed", 2)
        assert outbox.send() == [("placed", 2)]
        late.commit()

    assert outbox.send() == [("placed", 1)]


def test_a_refused_name_is_probed_alone_while_others_pass(outbox: Outbox) -> None:
    outbox.broker.refused = {"placed"}
    for number in range(3):
        outbox.announce("placed", number)
    outbox.announce("paid", 10)
    outbox.send()

    outbox.announce("paid", 11)
    assert outbox.send() == [("paid", 11)]
    outbox.probe_now()
    assert outbox.send() == [("placed", 0)]
    outbox.broker.refused = set()
    outbox.probe_now()
    assert outbox.send() == [("placed", 0)]
    assert outbox.send() == [("placed", 1), ("placed", 2)]


def test_later_events_of_an_aggregate_stay_behind_its_refused_one(outbox: Outbox) -> None:
    outbox.broker.refused = {"placed"}
    outbox.announce("placed", 1)
    outbox.send()
    outbox.announce("paid", 1)
    outbox.announce("paid", 2)

    assert outbox.send() == [("paid", 2)]
    outbox.broker.refused = set()
    outbox.probe_now()
    assert outbox.send() == [("placed", 1)]
    assert outbox.send() == [("paid", 1)]


def test_two_refused_events_of_an_aggregate_leave_in_their_order(outbox: Outbox) -> None:
    outbox.broker.refused = {"order_placed", "order_approved"}
    for name in ("order_placed", "order_approved"):
        outbox.announce(name, 1)
    outbox.send()
    # Held in any order, whoever was refused first.
    outbox.relay._holds = dict(reversed(list(outbox.relay._holds.items())))
    outbox.broker.refused = set()
    outbox.probe_now()

    assert outbox.send() == [("order_placed", 1)]
    outbox.probe_now()
    assert outbox.send() == [("order_approved", 1)]


def test_a_hold_whose_events_are_gone_is_forgotten(outbox: Outbox) -> None:
    outbox.broker.refused = {"placed"}
    outbox.announce("placed", 1)
    outbox.send()
    outbox.execute("delete from outbox")
    outbox.probe_now()

    outbox.send()

    assert outbox.relay._holds == {}


def test_only_what_is_old_sent_and_received_is_purged(outbox: Outbox) -> None:
    for number in range(4):
        outbox.announce("placed", number)
    outbox.execute(
        "update outbox set sent_at = now() - interval '15 days' where aggregate_id < '3'"
    )
    outbox.execute(
        "update outbox set sent_at = now() - interval '13 days' where aggregate_id = '0'"
    )
    outbox.execute(
        "insert into inbox values ('a', gen_random_uuid(), now() - interval '15 days'),"
        " ('a', gen_random_uuid(), now() - interval '13 days 23 hours')"
    )
    outbox.execute(
        "insert into audience (service, routing_keys, resent) values ('shipping', '{placed}', 0)"
    )

    everything = {"outbox": 0, "inbox": 0, "command": 0, "conversation": 0, "failed_message": 0}
    # Nothing came the day before yesterday: it was away, and the last of it may come again.
    assert relay.purge(outbox.database) == everything
    outbox.execute("insert into inbox values ('a', gen_random_uuid(), now() - interval '36 hours')")
    assert relay.purge(outbox.database) == {**everything, "inbox": 1}
    outbox.execute("update audience set caught_up_to = now() - interval '1 hour'")
    assert relay.purge(outbox.database)["outbox"] == 2
    assert outbox.execute("select aggregate_id from outbox order by id") == [("0",), ("3",)]
    assert outbox.execute("select count(*) from inbox") == [(2,)]


def test_a_clock_set_weeks_ahead_takes_no_keys_and_no_inbox_along(outbox: Outbox) -> None:
    """What was written in the last three days is as old as the clock is wrong."""
    for hours in range(0, 72, 6):
        outbox.execute(
            "insert into inbox values"
            " ('a', gen_random_uuid(), now() - make_interval(days => 20, hours => %s))",
            hours,
        )
        outbox.execute(
            "insert into command values"
            " ('p-1', %s, '', null, now() - make_interval(days => 20, hours => %s))",
            str(hours),
            hours,
        )

    purged = relay.purge(outbox.database)

    assert (purged["inbox"], purged["command"]) == (0, 0)


def test_a_conversation_is_purged_14_days_after_it_was_last_worked_on_unless_it_is_open(
    outbox: Outbox,
) -> None:
    for state in ("running", "undoing", "done", "refused", "void"):
        for age in ("14 days 1 hour", "13 days 23 hours", "36 hours"):
            outbox.execute(
                "insert into conversation (id, kind, principal_id, key, principal, body, body_hash,"
                " notes, state, epoch, attempts, deadline, lease_until, created_at) values"
                " (gen_random_uuid(), 'submit', 'p-1', %s, '{}', '{}', '', '{}', %s, 0, 0,"
                " now(), now() - %s::interval, now() - interval '20 days')",
                f"{age}, {state}",
                state,
                age,
            )

    assert relay.purge(outbox.database)["conversation"] == 3
    assert outbox.execute("select key from conversation where key like '14%%' order by key") == [
        ("14 days 1 hour, running",),
        ("14 days 1 hour, undoing",),
    ]
    assert outbox.execute("select count(*) from conversation") == [(12,)]
