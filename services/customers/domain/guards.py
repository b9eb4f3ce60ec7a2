"""What every change of something in force must bring: why."""

from chassis.reasons import Reason, WhyMissing
from services.customers.domain.errors import NoteMissing


def guard_reason(reason: Reason | None) -> Reason:
    """Raise WhyMissing for a change that gives no reason of the list."""
    if reason is None:
        raise WhyMissing
    return reason


def guard_note(note: str | None) -> str:
    """Raise NoteMissing for a decision that is not explained in words."""
    if not note:
        raise NoteMissing
    return note
