"""When the nightly audit runs."""

import errno
import sys
import threading
from datetime import datetime

import pytest

from chassis.clock import BUSINESS_ZONE
from deploy.audit import nightly
from deploy.audit.nightly import Nightly, seconds_until_next


@pytest.mark.parametrize(
    ("now", "hours"),
    [("2026-11-22T01:30", 2), ("2026-11-22T03:30", 24), ("2026-11-22T23:30", 4)],
)
def test_the_next_run_is_at_half_past_three_in_shanghai(now: str, hours: int) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=BUSINESS_ZONE)

    assert seconds_until_next(moment) == hours * 3600


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("print('0 differences')", "audit: 0 differences"),
        ("exit('Error: no books')", "audit: ended with code 1: Error: no books"),
    ],
)
def test_what_the_audit_prints_or_why_it_could_not_be_made_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    told, heard = threading.Event(), []
    waits = iter([0.0])
    monkeypatch.setattr(nightly, "seconds_until_next", lambda _now: next(waits, 3600.0))
    monkeypatch.setattr(nightly, "COMMAND", (sys.executable, "-c", program))

    def say(line: str) -> None:
        heard.append(line)
        told.set()

    night = Nightly(say)
    night.start()
    assert told.wait(30)
    night.stop()

    assert heard == [said]


def test_a_night_that_cannot_be_told_of_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    heard_again, told = threading.Event(), 0
    waits = iter([0.0, 0.0])
    monkeypatch.setattr(nightly, "seconds_until_next", lambda _now: next(waits, 3600.0))
    monkeypatch.setattr(nightly, "COMMAND", (sys.executable, "-c", "print('0 differences')"))

    def say(_line: str) -> None:
        nonlocal told
        told += 1
        if told == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        heard_again.set()

    night = Nightly(say)
    night.start()
    try:
        assert heard_again.wait(30)
    finally:
        night.stop()


def test_a_night_on_which_no_process_starts_is_told_and_not_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    audited, heard = threading.Event(), []
    waits, commands = iter([0.0, 0.0]), iter([("/nowhere",)])
    again = (sys.executable, "-c", "print('0 differences')")

    def next_night(_now: datetime) -> float:
        monkeypatch.setattr(nightly, "COMMAND", next(commands, again))
        return next(waits, 3600.0)

    def say(line: str) -> None:
        heard.append(line)
        if len(heard) == 2:
            audited.set()

    monkeypatch.setattr(nightly, "seconds_until_next", next_night)
    night = Nightly(say)
    night.start()
    try:
        assert audited.wait(30)
    finally:
        night.stop()

    assert heard == [
        "audit: could not be made: [Errno 2] No such file or directory: '/nowhere'",
        "audit: 0 differences",
    ]
