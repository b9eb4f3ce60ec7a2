"""What every change of something in force must bring: the version it was read in, and why."""

from typing import Protocol

from chassis.errors import StaleVersion
from services.customers.domain.errors import NoteMissing, ReasonMissing
from services.customers.domain.words import Reason


class _Counted(Protocol):
    @property
    def version(self) -> object: ...


def guard_version(name: str, thing: _Counted, expected: int | None) -> None:
    """Raise StaleVersion if somebody changed `thing` since it was read as `expected`."""
    if expected is not None and expected != thing.version:
        raise StaleVersion(entity=name, version=thing.version)


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
