"""What each listener has handled: the rows that make "at least once" once."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    Index,
    MetaData,
    String,
    Table,
    Uuid,
    and_,
    column,
    exists,
    literal,
    select,
    true,
    update,
    values,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis import clock
from chassis.events import Received
from chassis.mapping import MomentType
from chassis.roundtrips import Bundle, ask

KEPT_DAYS = 14  # ARCHITECTURE §4.2


def table(metadata: MetaData) -> Table:
    """Declare the inbox: a row and the listener's changes are one transaction."""
    return Table(
        "inbox",
        metadata,
        Column("listener", String(80), primary_key=True, comment="the service's method"),
        Column("message_id", Uuid, primary_key=True),
        Column("received_at", MomentType, nullable=False, comment="machine time"),
        # Rows come in the order of this column and are only ever purged from its old end.
        Index(
            "ix_inbox_received_at",
            "received_at",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
    )


def cursor_table(metadata: MetaData) -> Table:
    """Declare how far each in-order listener has come with each aggregate."""
    return Table(
        "listener_cursor",
        metadata,
        Column("listener", String(80), primary_key=True),
        Column("aggregate_type", String(40), primary_key=True),
        Column("aggregate_id", String(80), primary_key=True),
        Column("sequence", BigInteger, nullable=False, comment="of the last event handled"),
    )


class Verdict(StrEnum):
    """What an inbox says of a message that has come for a listener."""

    FRESH = "fresh"  # not seen: handle it, the row is written
    REPEATED = "repeated"  # handled before: nothing is left to do
    SET_ASIDE = "set aside"  # waits in failed_message: its turn comes from there
    BEHIND = "behind"  # an earlier message of the same aggregate waits in failed_message
    EARLY = "early"  # an earlier event of the aggregate has not come (in-order listeners)
    LATE = "late"  # its place in the order was given up (in-order listeners)


# The hottest statement of a listening service, once per event: written out, because building
# and looking up the same from parts costs more than PostgreSQL takes to answer it.
_ADMIT = """
with admitted as (
  insert into inbox (listener, message_id, received_at)
  values (%(listener)s, %(message_id)s, %(now)s) on conflict do nothing returning 1
)
select exists (select from admitted) as fresh,
  exists (
    select from failed_message where listener = %(listener)s and message_id = %(message_id)s
  ) as set_aside,
  exists (
    select from failed_message
     where listener = %(listener)s and aggregate_type = %(aggregate_type)s
       and aggregate_id = %(aggregate_id)s and sequence < %(sequence)s and state <> 'discarded'
  ) as behind
"""


def admit(
    connection: Connection,
    *,
    listener: str,
    message_id: UUID,
    aggregate: tuple[str, str],
    sequence: int,
    is_set_aside: bool = False,
) -> Verdict:
    """Insert the inbox row and say whether the message may be handled, in one statement.

    The caller rolls back on any verdict but FRESH and REPEATED. A concurrent copy of the same
    message blocks on the primary key until the first one's transaction ends. With
    `is_set_aside` the message is one that waited in failed_message and whose turn has come.
    """
    (row,) = ask(
        connection,
        _ADMIT,
        {
            "listener": listener,
            "message_id": message_id,
            "now": clock.machine_now(),
            "aggregate_type": aggregate[0],
            "aggregate_id": aggregate[1],
            "sequence": sequence,
        },
    )
    if not row.fresh:
        return Verdict.REPEATED
    if row.set_aside and not is_set_aside:
        return Verdict.SET_ASIDE
    if row.behind:
        return Verdict.BEHIND
    return Verdict.FRESH


# Whoever holds what these need would wait for all of them in turn: rather than wait for him they
# are handled one at a time.
_WAIT_LITTLE = "set local lock_timeout = 100"
# As `_ADMIT`, for what has come together.
_ADMIT_TOGETHER = """
with come as (
  select * from unnest(%(listeners)s::text[], %(message_ids)s::uuid[], %(types)s::text[],
    %(ids)s::text[], %(sequences)s::bigint[])
    as row(listener, message_id, aggregate_type, aggregate_id, sequence)
), admitted as (
  insert into inbox (listener, message_id, received_at)
  select distinct listener, message_id, %(now)s::timestamptz from come
  on conflict do nothing returning listener, message_id
)
select come.listener, come.message_id, admitted.message_id is not null as fresh,
  exists (
    select from failed_message as failed
     where failed.listener = come.listener and (
       failed.message_id = come.message_id
       or (failed.aggregate_type = come.aggregate_type
         and failed.aggregate_id = come.aggregate_id
         and failed.sequence < come.sequence and failed.state <> 'discarded'))
  ) as waits
from come left join admitted using (listener, message_id)
"""


def admit_together(
    connection: Connection, come: Sequence[tuple[str, Received]]
) -> set[tuple[str, UUID]] | None:
    """Insert the inbox rows of (listener, event) pairs; give those not handled before.

    None where one of them has to wait for another in failed_message. The caller rolls back then.
    """
    events = [event for _, event in come]
    rows = ask(
        connection,
        _ADMIT_TOGETHER,
        {
            "listeners": [listener for listener, _ in come],
            "message_ids": [event.message_id for event in events],
            "types": [event.aggregate_type for event in events],
            "ids": [event.aggregate_id for event in events],
            "sequences": [event.sequence for event in events],
            "now": clock.machine_now(),
        },
        begin=_WAIT_LITTLE,
    )
    fresh: set[tuple[str, UUID]] = set()
    for row in rows:
        if row.waits:
            return None
        if row.fresh:
            fresh.add((row.listener, row.message_id))
    return fresh


def advance(
    session: Session,
    cursors: Table,
    *,
    listener: str,
    aggregate: tuple[str, str],
    sequence: int,
    despite_gap: bool = False,
) -> Verdict:
    """Move an in-order listener's cursor to `sequence`: FRESH, EARLY or LATE.

    `despite_gap` gives up what lies between: an operator's decision, never the machine's.
    """
    aggregate_type, aggregate_id = aggregate
    place = {
        "listener": listener,
        "aggregate_type": aggregate_type,
        "aggregate_id": aggregate_id,
    }
    here = and_(true(), *(cursors.c[column] == value for column, value in place.items()))
    if sequence == 1 or despite_gap:
        step = insert(cursors).values(**place, sequence=sequence)
        moved = session.execute(
            step.on_conflict_do_update(
                index_elements=list(place),
                set_={"sequence": step.excluded.sequence},
                where=cursors.c.sequence < step.excluded.sequence,
            ).returning(literal(1))
        ).first()
    else:
        moved = session.execute(
            update(cursors)
            .where(here, cursors.c.sequence == sequence - 1)
            .values(sequence=sequence)
            .returning(literal(1))
        ).first()
    if moved is not None:
        return Verdict.FRESH
    reached = session.scalar(select(cursors.c.sequence).where(here)) or 0
    return Verdict.LATE if reached >= sequence else Verdict.EARLY


def has(session: Session, inbox: Table, listener: str, message_id: UUID) -> bool:
    """Say whether a listener has handled a message."""
    query = select(exists().where(inbox.c.listener == listener, inbox.c.message_id == message_id))
    return bool(session.scalar(query))


def missing(
    session: Session, inbox: Table, failed: Table, wanted: Sequence[tuple[str, str]]
) -> list[str]:
    """Give the message ids, of (message id, listener) pairs, that some listener lacks.

    What waits in failed_message, whoever for, has arrived.
    """
    asked = values(column("message_id", Uuid), column("listener", String), name="asked").data(
        [(UUID(message_id), listener) for message_id, listener in wanted]
    )
    rows = session.scalars(
        select(asked.c.message_id)
        .where(
            ~exists().where(
                inbox.c.listener == asked.c.listener, inbox.c.message_id == asked.c.message_id
            ),
            ~exists().where(
                failed.c.listener.in_((asked.c.listener, literal("(unclaimed)"))),
                failed.c.message_id == asked.c.message_id,
            ),
        )
        .distinct()
    )
    return sorted(map(str, rows))


def upsert_newer(
    connection: Connection,
    table: Table,
    row: Mapping[str, Any],
    *,
    key: Sequence[str],
) -> bool:
    """Write a copy of another service's record unless a newer one is here already.

    `row["sequence"]` is the event's sequence. Gives whether it was written: an event that
    comes late or again changes nothing, so copies need no order (ARCHITECTURE §4.2).
    """
    return bool(ask(connection, *_upsert(connection, table, row, key)))


def add_newer(bundle: Bundle, table: Table, row: Mapping[str, Any], *, key: Sequence[str]) -> None:
    """Write a copy as `upsert_newer` does, with the next journey: nobody is told whether."""
    bundle.add(*_upsert(bundle.connection, table, row, key))


def _upsert(
    connection: Connection,
    table: Table,
    row: Mapping[str, Any],
    key: Sequence[str],
) -> tuple[str, dict[str, Any]]:
    statement, processors = _upsert_of(table, tuple(row), tuple(key), connection.dialect)
    values = {
        name: value if value is None or processors[name] is None else processors[name](value)
        for name, value in row.items()
    }
    return statement, values


@lru_cache(maxsize=256)
def _upsert_of(
    table: Table, columns: tuple[str, ...], key: tuple[str, ...], dialect: Dialect
) -> tuple[str, dict[str, Any]]:
    """Give the statement of `upsert_newer` and what its values go through, made once."""
    quoted = dialect.identifier_preparer.quote
    name = dialect.identifier_preparer.format_table(table)
    kept = [quoted(column) for column in columns if column not in key]
    statement = (
        f"insert into {name} ({', '.join(map(quoted, columns))})"  # noqa: S608  our tables
        f" values ({', '.join(f'%({column})s' for column in columns)})"
        f" on conflict ({', '.join(map(quoted, key))}) do update set "
        + ", ".join(f"{column} = excluded.{column}" for column in kept)
        + f" where {name}.sequence < excluded.sequence returning 1"
    )
    processors = {
        column: table.c[column].type.dialect_impl(dialect).bind_processor(dialect)
        for column in columns
    }
    return statement, processors
