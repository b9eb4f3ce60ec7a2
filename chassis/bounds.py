"""Moments and days as people enter them, kept from slips of a month or a year."""

from datetime import date, datetime, timedelta

from chassis.errors import InvalidFields

# A desk's clock may be off by so much, and people write down minutes.
_OFF = timedelta(minutes=5)


def check_moment(field: str, said: datetime, *, first: datetime, last: datetime) -> None:
    """Raise InvalidFields, naming what is allowed, for a moment that lies beyond."""
    if not first - _OFF <= said <= last + _OFF:
        _refuse(field, first.isoformat(timespec="minutes"), last.isoformat(timespec="minutes"))


def check_day(field: str, said: date, *, first: date, last: date) -> None:
    """Raise InvalidFields, naming what is allowed, for a day that lies beyond."""
    if not first <= said <= last:
        _refuse(field, first.isoformat(), last.isoformat())


def _refuse(field: str, first: str, last: str) -> None:
    raise InvalidFields({field: [f"Must lie from {first} to {last}."]})
