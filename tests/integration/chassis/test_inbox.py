"""Inbox, cursors, copies and failed messages on real PostgreSQL."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import BigInteger, Column, Engine, String, Table, select, update
from sqlalchemy.orm import Session

from chassis import clock, failed, inbox
from chassis.database import Platform, connect
from chassis.events import Received
from chassis.failed import Failure, State
from chassis.inbox import Verdict
from chassis.mapping import new_metadata

ORDER = ("order", "o-1")

metadata = new_metadata()
platform = Platform(metadata)
copies = Table(
    "customer_copy",
    metadata,
    Column("customer_id", String(40), primary_key=True),
    Column("name", String(40), nullable=False),
    Column("sequence", BigInteger, nullable=False),
)


@pytest.fixture
def engine(empty_database: str) -> Iterator[Engine]:
    engine = connect(empty_database, application="test", pool_size=5)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def admit(session: Session, message_id: UUID, sequence: int, **options: Any) -> Verdict:
    return inbox.admit(
        session.connection(),
        listener="keep_copy",
        message_id=message_id,
        aggregate=ORDER,
        sequence=sequence,
        **options,
    )


def set_aside(
    session: Session,
    sequence: int,
    failure: Failure,
    message_id: UUID | None = None,
    listener: str = "keep_copy",
) -> UUID:
    """Keep a message of the order and give its id."""
    event = Received(
        name="order_placed",
        schema_version=1,
        message_id=message_id or uuid4(),
        source="orders",
        occurred_at=clock.machine_now(),
        business_at=clock.machine_now(),
        aggregate_type=ORDER[0],
        aggregate_id=ORDER[1],
        sequence=sequence,
        principal={},
        data={},
    )
    failed.set_aside(
        session,
        platform.failed,
        listener=listener,
        source="orders",
        body=b"{}",
        event=event,
        failure=failure,
    )
    return event.message_id


def due(session: Session, *wanted: tuple[str, str]) -> list[int]:
    """Give the sequences of the messages whose turn it is."""
    rows = failed.due(session, platform.failed, platform.cursors, wanted)
    return [row.sequence for row in rows]


def test_a_message_is_fresh_once(session: Session) -> None:
    message_id = uuid4()

    assert admit(session, message_id, 1) is Verdict.FRESH
    assert admit(session, message_id, 1) is Verdict.REPEATED


def test_a_copy_that_comes_while_the_first_is_handled_waits_and_is_a_repetition(
    engine: Engine, session: Session
) -> None:
    message_id, verdicts = uuid4(), []
    admit(session, message_id, 1)

    def come_again() -> None:
        with Session(engine) as other:
            verdicts.append(admit(other, message_id, 1))

    second = threading.Thread(target=come_again)
    second.start()
    second.join(0.3)
    assert second.is_alive()
    session.commit()
    second.join()

    assert verdicts == [Verdict.REPEATED]


def test_a_copy_that_comes_while_the_first_is_rolled_back_is_fresh(
    engine: Engine, session: Session
) -> None:
    message_id, verdicts = uuid4(), []
    admit(session, message_id, 1)

    def come_again() -> None:
        with Session(engine) as other:
            verdicts.append(admit(other, message_id, 1))

    second = threading.Thread(target=come_again)
    second.start()
    session.rollback()
    second.join()

    assert verdicts == [Verdict.FRESH]


def test_later_messages_of_the_aggregate_are_behind_one_that_waits(session: Session) -> None:
    set_aside(session, 5, Failure(State.PARKED, "broken"))

    assert admit(session, uuid4(), 4) is Verdict.FRESH
    assert admit(session, uuid4(), 6) is Verdict.BEHIND


def test_a_message_that_waits_is_handled_from_there_alone(session: Session) -> None:
    message_id = set_aside(session, 5, Failure(State.RETRYING, "broken"))

    with session.begin_nested() as savepoint:
        assert admit(session, message_id, 5) is Verdict.SET_ASIDE
        savepoint.rollback()
    assert admit(session, message_id, 5, is_set_aside=True) is Verdict.FRESH


def test_a_cursor_moves_by_one_and_tells_early_from_late(session: Session) -> None:
    def advance(sequence: int, **options: Any) -> Verdict:
        return inbox.advance(
            session,
            platform.cursors,
            listener="follow",
            aggregate=ORDER,
            sequence=sequence,
            **options,
        )

    assert advance(2) is Verdict.EARLY
    assert advance(1) is Verdict.FRESH
    assert advance(3) is Verdict.EARLY
    assert advance(2) is Verdict.FRESH
    assert advance(2) is Verdict.LATE
    assert advance(1) is Verdict.LATE
    assert advance(7, despite_gap=True) is Verdict.FRESH
    assert advance(8) is Verdict.FRESH


def test_of_an_aggregate_only_the_first_waiting_message_is_due(session: Session) -> None:
    set_aside(session, 3, Failure(State.BEHIND, "behind"))
    set_aside(session, 2, Failure(State.RETRYING, "broken", 1, delay_seconds=0))

    assert due(session) == [2]


def test_nothing_is_due_behind_a_parked_message_until_it_is_discarded(session: Session) -> None:
    set_aside(session, 2, Failure(State.PARKED, "broken"))
    set_aside(session, 3, Failure(State.BEHIND, "behind"))
    assert due(session) == []

    failed.discard(session, platform.failed, parked_id(session))

    assert due(session) == [3]


def test_of_two_operators_who_retry_a_message_at_once_one_does(
    session: Session, engine: Engine
) -> None:
    set_aside(session, 2, Failure(State.PARKED, "broken"))
    session.commit()
    row_id = parked_id(session)

    def retry(_: int) -> str:
        with Session(engine) as operator, operator.begin():
            try:
                failed.retry(operator, platform.failed, row_id)
            except failed.MessageNotParked as refused:
                return refused.code
            return "retried"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(retry, range(2))) == ["message_not_parked", "retried"]
    assert failed.shown(session, platform.failed, row_id)["replays"] == 1


def parked_id(session: Session) -> int:
    return int(
        session.scalars(select(platform.failed.c.id).order_by(platform.failed.c.id)).first() or 0
    )


def test_what_killed_its_process_is_tried_alone_when_an_operator_has_it_retried(
    session: Session,
) -> None:
    table = platform.failed
    killer = set_aside(session, 1, Failure(State.PARKED, failed.KILLED, failed.TRIALS))
    set_aside(session, 2, Failure(State.PARKED, "a bug", 8), listener="write_down")
    for row in failed.listed(session, table):
        failed.retry(session, table, row["id"])

    assert [row.message_id for row in failed.suspects(session, table)] == [killer]
    assert due(session) == [2]


def test_a_retry_is_not_due_before_its_time(session: Session) -> None:
    set_aside(session, 2, Failure(State.RETRYING, "broken", 3, delay_seconds=60))
    assert due(session) == []

    past = clock.machine_now() - timedelta(seconds=1)
    session.execute(update(platform.failed).values(due_at=past))

    assert due(session) == [2]


def test_a_retry_that_waits_since_before_the_clock_was_set_back_is_due(session: Session) -> None:
    set_aside(session, 2, Failure(State.RETRYING, "broken", 8, delay_seconds=375))
    assert due(session) == []

    in_an_hour = clock.machine_now() + timedelta(hours=1)
    session.execute(update(platform.failed).values(due_at=in_an_hour))

    assert due(session) == [2]


def test_an_early_message_is_due_when_its_predecessor_is_handled(session: Session) -> None:
    set_aside(session, 2, Failure(State.GAP, "early", 0, delay_seconds=600))
    assert due(session) == []

    inbox.advance(session, platform.cursors, listener="keep_copy", aggregate=ORDER, sequence=1)

    assert due(session) == [2]


def test_what_another_version_did_not_want_is_due_at_once_where_it_is_wanted(
    session: Session,
) -> None:
    failure = Failure(State.RETRYING, "no listener", 6, delay_seconds=300)
    set_aside(session, 1, failure, listener=failed.UNCLAIMED)
    set_aside(session, 2, failure)

    assert due(session) == []
    assert due(session, ("orders", "order_cancelled")) == []
    assert due(session, ("orders", "order_placed")) == [1]


def test_a_try_is_begun_by_one_process_and_counted(session: Session) -> None:
    set_aside(session, 2, Failure(State.RETRYING, "broken", 1))
    (row,) = failed.due(session, platform.failed, platform.cursors, ())

    assert failed.begin(session, platform.failed, row, State.RETRYING)
    assert not failed.begin(session, platform.failed, row, State.RETRYING)
    assert failed.listed(session, platform.failed, state="retrying")[0]["attempts"] == 2
    assert due(session) == []


def test_errors_are_kept_whatever_they_contain(session: Session) -> None:
    set_aside(session, 2, Failure(State.PARKED, "nul \x00 surrogate \ud800 " + "x" * 10_000))

    (row,) = failed.listed(session, platform.failed)
    assert row["error"].startswith("nul \\0 surrogate \\ud800 x")
    assert len(row["error"]) == 4000


def test_what_some_listener_has_neither_handled_nor_kept_is_missing(session: Session) -> None:
    handled, kept, half, nowhere = uuid4(), uuid4(), uuid4(), uuid4()
    admit(session, handled, 1)
    admit(session, half, 2)
    set_aside(session, 3, Failure(State.PARKED, "broken"), kept)

    missing = inbox.missing(
        session,
        platform.inbox,
        platform.failed,
        [
            (str(handled), "keep_copy"),
            (str(kept), "keep_copy"),
            (str(half), "keep_copy"),
            (str(half), "count_orders"),
            (str(nowhere), "keep_copy"),
        ],
    )

    assert missing == sorted([str(half), str(nowhere)])


def test_of_copies_the_newer_wins_in_whatever_order_they_come(session: Session) -> None:
    def keep(name: str, sequence: int) -> bool:
        return inbox.upsert_newer(
            session.connection(),
            copies,
            {"customer_id": "c-1", "name": name, "sequence": sequence},
            key=["customer_id"],
        )

    assert [keep("second", 2), keep("first", 1), keep("third", 3), keep("third", 3)] == [
        True,
        False,
        True,
        False,
    ]
    assert session.execute(select(copies)).one() == ("c-1", "third", 3)
