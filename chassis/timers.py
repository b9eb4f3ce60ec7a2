"""Work by the clock: which slot of a job is due, and the row that makes each slot run once.

A job has one row, holding the last slot that was done. Doing a slot locks the row, works, and
moves the row on in the same transaction, so however many replicas there are and whatever dies,
each slot takes effect once, and in order (ARCHITECTURE §4.11, §4.12).
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from sqlalchemy import Column, Integer, MetaData, String, Table, Text, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis import clock
from chassis.mapping import MomentType

LONGEST_DELAY_SECONDS = 300
_LONGEST_DELAY = timedelta(seconds=LONGEST_DELAY_SECONDS)


def table(metadata: MetaData) -> Table:
    """Declare where each job stands."""
    return Table(
        "job_slot",
        metadata,
        Column("job", String(80), primary_key=True),
        Column(
            "slot",
            MomentType,
            nullable=False,
            comment="the last one done: business time of a daily job, else machine time",
        ),
        Column("attempts", Integer, nullable=False, comment="failed ones of the next slot"),
        Column("due_at", MomentType, comment="machine time before which it is not tried again"),
        Column("done_at", MomentType, comment="machine time; null: never yet"),
        Column("error", Text, comment="of the last attempt, while the next slot is failing"),
    )


class Schedule(Protocol):
    """When a job's slots are."""

    def now(self) -> datetime:
        """Give the time by which this schedule goes."""

    def latest(self, now: datetime) -> datetime:
        """Give the last slot that is not after `now`: done, as it were, before installation."""

    def due(self, done: datetime, now: datetime) -> datetime | None:
        """Give the slot to do now if `done` was the last one, or None."""

    def is_ahead(self, done: datetime, now: datetime) -> bool:
        """Say whether `done` has yet to come, and would keep the job waiting until then."""


@dataclass(frozen=True)
class Daily:
    """Every day at a time of the business's zone, by the business clock; no slot is left out."""

    at: time

    def now(self) -> datetime:
        return clock.business_now()

    def latest(self, now: datetime) -> datetime:
        today = clock.business_date(now)
        slot = self._slot(today)
        return slot if slot <= now else self._slot(today - timedelta(days=1))

    def due(self, done: datetime, now: datetime) -> datetime | None:
        slot = self._slot(clock.business_date(done) + timedelta(days=1))
        return slot if slot <= now else None

    def is_ahead(self, done: datetime, now: datetime) -> bool:
        return done - now > timedelta(days=1)

    def _slot(self, day: date) -> datetime:
        return datetime.combine(day, self.at, tzinfo=clock.BUSINESS_ZONE).astimezone(UTC)


@dataclass(frozen=True)
class Every:
    """Again and again by machine time; what was missed while nothing ran is done once."""

    seconds: float

    def now(self) -> datetime:
        return clock.machine_now()

    def latest(self, now: datetime) -> datetime:
        return now

    def due(self, done: datetime, now: datetime) -> datetime | None:
        # Done in the future: a replica's clock is a little ahead, or this machine's has been set
        # back since.
        is_rung = abs(now - done) < timedelta(seconds=self.seconds)
        return None if is_rung else now

    def is_ahead(self, done: datetime, now: datetime) -> bool:  # noqa: ARG002
        return False  # it does not wait for what is far ahead


@dataclass(frozen=True)
class Standing:
    """Where a job stands: its last slot that is done, and when the next may be tried."""

    slot: datetime
    attempts: int
    due_at: datetime | None


def install(session: Session, table: Table, job: str, schedule: Schedule) -> None:
    """Give a job its row at its first start ever; what was before is not made up for."""
    session.execute(
        insert(table)
        .values(job=job, slot=schedule.latest(schedule.now()), attempts=0)
        .on_conflict_do_nothing()
    )


def standing(session: Session, table: Table, job: str, *, lock: bool = False) -> Standing | None:
    """Read where a job stands; with `lock`, None while another transaction works on it."""
    query = select(table.c.slot, table.c.attempts, table.c.due_at).where(table.c.job == job)
    if lock:
        query = query.with_for_update(skip_locked=True)
    row = session.execute(query).one_or_none()
    return row and Standing(row.slot, row.attempts, row.due_at)


def is_postponed(standing: Standing) -> bool:
    """Say whether the next slot failed and is not to be tried again yet."""
    if standing.due_at is None:
        return False
    # Longer than any pause: the machine's clock has been set back since.
    return timedelta() < standing.due_at - clock.machine_now() < 2 * _LONGEST_DELAY


def done(session: Session, table: Table, job: str, slot: datetime) -> None:
    """Move a job on, in the transaction that did the slot's work."""
    session.execute(
        update(table)
        .where(table.c.job == job)
        .values(slot=slot, attempts=0, due_at=None, done_at=clock.machine_now(), error=None)
    )


def set_back(session: Session, table: Table, job: str, *, ahead: datetime, to: datetime) -> None:
    """Have a job go on after slot `to` where it stands at one `ahead`."""
    session.execute(update(table).where(table.c.job == job, table.c.slot == ahead).values(slot=to))


def postpone(
    session: Session, table: Table, job: str, slot: datetime, error: BaseException
) -> None:
    """Note that a slot's work failed: it is tried again, later each time, without end.

    Changes nothing when another replica has moved past `slot` meanwhile.
    """
    now = clock.machine_now()
    attempts = session.scalar(select(table.c.attempts).where(table.c.job == job).with_for_update())
    delay = min(2.0 ** ((attempts or 0) + 1), LONGEST_DELAY_SECONDS) * random.uniform(0.75, 1.25)  # noqa: S311  only spreads load
    session.execute(
        update(table)
        .where(table.c.job == job, table.c.slot < slot)
        .values(
            attempts=table.c.attempts + 1,
            due_at=now + timedelta(seconds=delay),
            error=f"{type(error).__name__}: {error}".replace("\x00", "\\0")[:4000],
        )
    )
