"""Due times, cut-offs and batches, by the working calendar and the settings."""

from datetime import date, datetime, time, timedelta

from chassis.calendar import calendar_of
from chassis.database import Work
from services.shipping.domain.batch import Batch, CutOffs, batch_of


def after_working_days(work: Work, days: int, *, since: date | None = None) -> datetime:
    """Give the end of the working day that is `days` working days from today, or from `since`."""
    calendar = calendar_of(work, for_facts=True)
    return calendar.end_of_working_day(calendar.add_working_days(since or work.today, days))


def in_minutes(work: Work, minutes: int) -> datetime:
    """Give the moment that many minutes from now, whether anybody works or not."""
    return work.now + timedelta(minutes=minutes)


def cut_offs(work: Work) -> CutOffs:
    """Give the cut-offs as they are set."""
    return CutOffs(
        morning=_time(work, "morning_cutoff"),
        same_day=_time(work, "same_day_cutoff"),
        morning_leaves=_time(work, "morning_leaves"),
        same_day_leaves=_time(work, "same_day_leaves"),
    )


def _time(work: Work, key: str) -> time:
    return time.fromisoformat(work.setting(key))


def batch_after(work: Work, paid_at: datetime | None) -> tuple[Batch, datetime]:
    """Give the batch of what is released now, and when it leaves.

    What needs no payment (account orders, a director's override) counts from now.
    """
    known = cut_offs(work)
    batch = batch_of(paid_at or work.now, work.now, calendar=calendar_of(work), cut_offs=known)
    return batch, batch.leaves_at(known)
