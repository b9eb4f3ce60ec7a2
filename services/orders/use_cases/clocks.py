"""The clocks of SPEC §5: by when somebody is owed an answer; a hold stops all of an order's."""

from datetime import datetime, timedelta

from chassis.calendar import calendar_of
from chassis.database import Work
from services.orders.domain.lifecycle import TaskState
from services.orders.domain.order import Order
from services.orders.domain.task import TaskKind
from services.orders.storage import tasks
from services.orders.use_cases.owing import owe

# Who asks by these is answered while he asks, and told then by when he will know more.
SPOKEN = ("phone", "visit", "sales")
INSTANT = ("instant",)

REPLIES = (TaskKind.FIRST_REPLY, TaskKind.REPLY_DUE)


def confirmation_due(work: Work, held_since: datetime | None = None) -> datetime:
    """Give by when what is asked for now is confirmed in writing.

    While on hold the clock stands where it stood at the hold: all of the time is left then.
    """
    return _worked(
        work, held_since or work.now, timedelta(hours=work.setting("confirmation_hours"))
    )


def run_until_stated(work: Work, order: Order) -> None:
    """Let the clock that stopped at the last statement run anew where one is asked for again."""
    if order.confirmation_due_at is None and order.awaits_statement:
        order.confirmation_due_at = confirmation_due(work, order.held_since)


def owe_replies(work: Work, order: Order) -> None:
    """Open the tasks to answer who asked: at once, and by the time that was promised (O5)."""
    if order.channel not in SPOKEN:
        owe(
            work,
            order,
            TaskKind.FIRST_REPLY,
            title=f"First reply to {order.asked_by} about {order.number}",
            title_zh=f"首次回复 {order.asked_by}（{order.number}）",
            due_at=_worked(work, order.asked_at, _patience(work, order.channel)),
        )
    if order.reply_by is not None:
        _owe_promised(work, order, order.reply_by)


def follow_reply(work: Work, order: Order, before: datetime | None) -> None:
    """Let the task to answer go with what was promised instead of `before`: one, or none."""
    promised = order.reply_by
    if promised == before:
        return
    standing = tasks.open_tasks(work, order.id, TaskKind.REPLY_DUE)
    for task in standing:
        if promised is None:
            task.end(TaskState.DROPPED, by=work.principal.person_id, at=work.now)
        else:
            task.due_at = promised
    if promised is not None and not standing:
        _owe_promised(work, order, promised)


def _owe_promised(work: Work, order: Order, reply_by: datetime) -> None:
    owe(
        work,
        order,
        TaskKind.REPLY_DUE,
        title=f"Answer {order.asked_by} about {order.number}",
        title_zh=f"按约定时间回复 {order.asked_by}（{order.number}）",
        due_at=reply_by,
    )


def _patience(work: Work, channel: str) -> timedelta:
    which = "instant_reply_minutes" if channel in INSTANT else "first_reply_minutes"
    return timedelta(minutes=work.setting(which))


def end_replies(work: Work, order: Order) -> None:
    """End what was owed of answers: the customer has the confirmation now."""
    for task in tasks.open_tasks(work, order.id, *REPLIES):
        task.end(
            TaskState.DONE, by=work.principal.person_id, at=work.now, outcome="confirmation sent"
        )


def go_on_after_hold(work: Work, order: Order, held_since: datetime) -> None:
    """Let the clocks go on: what was left of each at the hold is left from now on.

    Of what was opened since, nothing had run off. What was late when the order was put on hold
    stays as late as it was.
    """

    def moved(due_at: datetime | None, opened_at: datetime = held_since) -> datetime | None:
        if due_at is None:
            return None
        stopped_at = max(held_since, opened_at)
        return calendar.after_standing_still(due_at, since=stopped_at, until=work.now)

    calendar = calendar_of(work, for_facts=True)
    order.confirmation_due_at = moved(order.confirmation_due_at)
    for task in tasks.open_tasks(work, order.id):
        task.due_at = moved(task.due_at, task.opened_at)
    for anomaly in tasks.open_anomalies(work, order.id):
        anomaly.escalates_at = moved(anomaly.escalates_at, anomaly.raised_at)


def _worked(work: Work, since: datetime, duration: timedelta) -> datetime:
    return calendar_of(work, for_facts=True).add_working_time(since, duration)
