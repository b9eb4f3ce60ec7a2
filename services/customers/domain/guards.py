"""What every change of something in force must bring: why."""

from services.customers.domain.errors import NoteMissing, ReasonMissing
from services.customers.domain.words import Reason


def guard_reason(reason: Reason | None) -> Reason:
    """Raise ReasonMissing for a change that gives no reason of the list."""
    if reason is None:
        raise ReasonMissing
    return reason


def guard_note(note: str | None) -> str:
    """Raise NoteMissing for a decision that is not explained in words."""
    if not note:
        raise NoteMissing
    return note
