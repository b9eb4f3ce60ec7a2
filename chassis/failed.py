"""Messages that could not be handled now: kept, tried again, and parked for a person in the end.

A message waits here in one of the states of `State`. Those of one aggregate keep their order:
none is tried before an earlier one of the same listener and aggregate has left. Operators
list, show, retry and discard parked ones; who calls these functions logs both acts.
"""

import base64
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Conflict, NotFound
from chassis.events import Received
from chassis.mapping import MomentType
from chassis.roundtrips import ask

ATTEMPTS = 8  # MESSAGING §3.4
LONGEST_DELAY_SECONDS = 300
_LONGEST_DELAY = timedelta(seconds=LONGEST_DELAY_SECONDS)
# A process may also die for another reason while it tries a suspect: the second death decides.
TRIALS = 2
# The error of a message that killed its process as often.
KILLED = "killed its process"

# Listeners' names are method names, so these can never be one.
UNREADABLE = "(unreadable)"  # the message is no event: no listener could be found
UNCLAIMED = "(unclaimed)"  # no listener of this process's version of the service wants it


class State(StrEnum):
    """Where a message stands that is not handled yet."""

    RETRYING = "retrying"  # failed; tried again when due
    BEHIND = "behind"  # waits for an earlier message of its aggregate that is here too
    GAP = "gap"  # waits for an earlier event that has not come; given up when due
    SUSPECT = "suspect"  # its process died again and again, perhaps by its fault; tried alone
    TRYING = "trying"  # being tried alone; found so after a restart, it killed the process
    PARKED = "parked"  # waits for an operator
    DISCARDED = "discarded"  # an operator decided that it shall never be handled


AUTOMATIC = (State.RETRYING, State.BEHIND, State.GAP)


def table(metadata: MetaData) -> Table:
    """Declare the table; a row goes in the transaction that handles its message at last."""
    waiting = text("state not in ('parked', 'discarded')")
    return Table(
        "failed_message",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("listener", String(80), nullable=False, comment="the service's method"),
        Column("message_id", Uuid, comment="null: the message had no readable id"),
        Column("source", String(40), nullable=False, comment="the announcing service"),
        Column("name", String(80)),
        Column("schema_version", SmallInteger),
        Column("aggregate_type", String(40)),
        Column("aggregate_id", String(80)),
        Column("sequence", BigInteger),
        Column("body", LargeBinary, nullable=False, comment="as it came, byte for byte"),
        Column("state", String(12), nullable=False),
        Column("attempts", Integer, nullable=False, comment="failed ones since the last replay"),
        Column("replays", Integer, nullable=False, comment="how often an operator had it retried"),
        Column("due_at", MomentType, comment="machine time"),
        Column(
            "despite_gap",
            SmallInteger,
            nullable=False,
            server_default=text("0"),
            comment="1: an operator gave up the events before it",
        ),
        Column("error", Text, nullable=False),
        Column("first_failed_at", MomentType, nullable=False, comment="machine time"),
        Column("last_failed_at", MomentType, nullable=False, comment="machine time"),
        Index("uq_failed_message_listener_message_id", "listener", "message_id", unique=True),
        Index("ix_failed_message_due_at", "due_at", postgresql_where=waiting),
        Index(
            "ix_failed_message_aggregate", "listener", "aggregate_type", "aggregate_id", "sequence"
        ),
    )


class MessageNotFound(NotFound):
    """No failed message has that id."""

    code = "failed_message_not_found"
    en = "There is no failed message {id}."
    zh = "没有编号为 {id} 的失败消息。"


class MessageNotParked(Conflict):
    """Only what is parked waits for an operator."""

    code = "message_not_parked"
    en = "Message {id} is {state}, not parked."
    zh = "消息 {id} 的状态为 {state}，并未停放。"


@dataclass(frozen=True)
class Failure:
    """Why a message could not be handled, and what is to become of it."""

    state: State
    error: str
    attempts: int = 0
    delay_seconds: float = 0.0


def delay_seconds(attempts: int) -> float:
    """Give the pause after that many failed attempts: 2, 4, 8 … 300 seconds, with jitter."""
    return float(min(2**attempts, LONGEST_DELAY_SECONDS)) * random.uniform(0.75, 1.25)  # noqa: S311  only spreads load


def after_error(error: BaseException, attempts: int, *, retryable: bool = True) -> Failure:
    """Decide what becomes of a message whose handling raised for the `attempts`th time."""
    reason = f"{type(error).__name__}: {error}"
    if not retryable or attempts >= ATTEMPTS:
        return Failure(State.PARKED, reason, attempts)
    return Failure(State.RETRYING, reason, attempts, delay_seconds(attempts))


def set_aside(
    session: Session,
    table: Table,
    *,
    listener: str,
    source: str,
    body: bytes,
    event: Received | None,
    failure: Failure,
) -> None:
    """Keep a message that came; one that is here already stays as it is."""
    now = clock.machine_now()
    session.execute(
        insert(table)
        .values(
            listener=listener,
            message_id=event and event.message_id,
            source=source,
            name=event and event.name,
            schema_version=event and event.schema_version,
            aggregate_type=event and event.aggregate_type,
            aggregate_id=event and event.aggregate_id,
            sequence=event and event.sequence,
            body=body,
            state=failure.state,
            attempts=failure.attempts,
            replays=0,
            due_at=now + timedelta(seconds=failure.delay_seconds),
            error=_storable(failure.error),
            first_failed_at=now,
            last_failed_at=now,
        )
        .on_conflict_do_nothing()
    )


def mark(session: Session, table: Table, row_id: int, failure: Failure) -> None:
    """Note how the try of a kept message ended."""
    now = clock.machine_now()
    session.execute(
        update(table)
        .where(table.c.id == row_id)
        .values(
            state=failure.state,
            attempts=failure.attempts,
            due_at=now + timedelta(seconds=failure.delay_seconds),
            error=_storable(failure.error),
            last_failed_at=now,
        )
    )


def remove(session: Session, table: Table, row_id: int) -> None:
    """Forget a message that is handled now."""
    session.execute(delete(table).where(table.c.id == row_id))


def is_idle(connection: Connection) -> bool:
    """Say whether nothing waits to be tried; asked each second, so it costs next to nothing."""
    query = "select 1 from failed_message where state not in ('parked', 'discarded') limit 1"
    return not ask(connection, query)


def due(
    session: Session,
    table: Table,
    cursors: Table,
    wanted: Iterable[tuple[str, str]],
    *,
    limit: int = 20,
) -> list[Row[Any]]:
    """Give the messages whose turn it is, oldest first: none has an earlier one before it.

    One that came before its predecessor is due when that is handled, or when it has waited
    too long. One that another version of the service had no listener for is due at once where
    it is among the `wanted` (source, name): of two versions side by side the older may read the
    queue, and must not be the faster one every time until it is given up.
    """
    now = clock.machine_now()
    predecessor_is_handled = exists().where(
        cursors.c.listener == table.c.listener,
        cursors.c.aggregate_type == table.c.aggregate_type,
        cursors.c.aggregate_id == table.c.aggregate_id,
        cursors.c.sequence >= table.c.sequence - 1,
    )
    is_due = or_(
        and_(
            table.c.state == State.RETRYING,
            # Longer than any pause: the machine's clock has been set back since.
            or_(
                table.c.due_at <= now,
                table.c.due_at > now + 2 * _LONGEST_DELAY,
                and_(
                    table.c.listener == UNCLAIMED,
                    tuple_(table.c.source, table.c.name).in_(list(wanted)),
                ),
            ),
        ),
        table.c.state == State.BEHIND,
        and_(table.c.state == State.GAP, or_(predecessor_is_handled, table.c.due_at <= now)),
    )
    return list(
        session.execute(
            select(table)
            .where(table.c.state.in_(AUTOMATIC), is_due, _is_first(table))
            .order_by(table.c.id)
            .limit(limit)
        )
    )


def suspects(session: Session, table: Table) -> list[Row[Any]]:
    """Give what must be tried alone, in the order it came; `trying` ones have killed already."""
    return list(
        session.execute(
            select(table)
            .where(table.c.state.in_((State.SUSPECT, State.TRYING)), _is_first(table))
            .order_by(table.c.id)
            .limit(100)
        )
    )


def _is_first(table: Table) -> ColumnElement[bool]:
    """Say, in SQL, that no earlier message of the same listener and aggregate is here."""
    earlier = table.alias("earlier")
    return ~exists().where(
        earlier.c.listener == table.c.listener,
        earlier.c.aggregate_type == table.c.aggregate_type,
        earlier.c.aggregate_id == table.c.aggregate_id,
        earlier.c.sequence < table.c.sequence,
        earlier.c.state != State.DISCARDED,
    )


def begin(session: Session, table: Table, row: Row[Any], state: State) -> bool:
    """Count a try before it is made, so that one that kills its process has been counted.

    False when another process has begun it or it has moved on.
    """
    attempts = row.attempts + 1
    begun = session.execute(
        update(table)
        .where(table.c.id == row.id, table.c.state == row.state, table.c.attempts == row.attempts)
        .values(
            state=state,
            attempts=attempts,
            due_at=clock.machine_now() + timedelta(seconds=delay_seconds(attempts)),
        )
        .returning(table.c.id)
    ).first()
    return begun is not None


def claim(session: Session, table: Table, row_id: int) -> Row[Any] | None:
    """Lock a begun message for the transaction that handles it; None when it has moved on."""
    return session.execute(
        select(table)
        .where(table.c.id == row_id, table.c.state.in_((State.RETRYING, State.TRYING)))
        .with_for_update()
    ).one_or_none()


# For operators -------------------------------------------------------------------------------


def counts(session: Session, table: Table) -> dict[str, int]:
    """Give how many messages stand in each state."""
    rows = session.execute(select(table.c.state, func.count()).group_by(table.c.state))
    return {row.state: row[1] for row in rows}


def listed(
    session: Session, table: Table, *, state: str = State.PARKED, limit: int = 100
) -> list[dict[str, Any]]:
    """Give messages in a state, oldest first, without their bodies."""
    columns = [column for column in table.c if column.name not in {"body", "despite_gap"}]
    rows = session.execute(
        select(*columns).where(table.c.state == state).order_by(table.c.id).limit(limit)
    )
    return [row._asdict() for row in rows]


def shown(session: Session, table: Table, row_id: int) -> dict[str, Any]:
    """Give one message with its body, as text where it is text. Raises MessageNotFound."""
    row = session.execute(select(table).where(table.c.id == row_id)).one_or_none()
    if row is None:
        raise MessageNotFound(id=row_id)
    shown = row._asdict()
    try:
        shown["body"] = row.body.decode()
    except UnicodeDecodeError:
        shown["body"] = "base64:" + base64.b64encode(row.body).decode()
    return shown


def retry(
    session: Session, table: Table, row_id: int, *, despite_gap: bool = False
) -> Mapping[str, Any]:
    """Have a parked message tried again at once, with all its attempts before it.

    One that killed its process is tried alone again: beside others it would take them along.
    With `despite_gap` an in-order listener takes it although earlier events never came: they
    are given up. Raises MessageNotFound, MessageNotParked.
    """
    row = _parked(session, table, row_id)
    session.execute(
        update(table)
        .where(table.c.id == row_id)
        .values(
            state=State.SUSPECT if row.error == KILLED else State.RETRYING,
            attempts=0,
            replays=table.c.replays + 1,
            due_at=clock.machine_now(),
            despite_gap=int(despite_gap),
        )
    )
    return row._asdict()


def discard(session: Session, table: Table, row_id: int) -> Mapping[str, Any]:
    """Decide that a parked message shall never be handled; those behind it go on.

    It stays visible as `discarded` for a while, and a copy that comes is known by it.
    Raises MessageNotFound, MessageNotParked.
    """
    row = _parked(session, table, row_id)
    session.execute(
        update(table)
        .where(table.c.id == row_id)
        .values(state=State.DISCARDED, last_failed_at=clock.machine_now())
    )
    return row._asdict()


def _parked(session: Session, table: Table, row_id: int) -> Row[Any]:
    row = session.execute(select(table).where(table.c.id == row_id).with_for_update()).one_or_none()
    if row is None:
        raise MessageNotFound(id=row_id)
    if row.state != State.PARKED:
        raise MessageNotParked(id=row_id, state=row.state)
    return row


def _storable(error: str) -> str:
    """Give the error's text as PostgreSQL can hold it, and not without end."""
    return error.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode()[:4000]
