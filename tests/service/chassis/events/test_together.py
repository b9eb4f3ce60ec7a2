"""What comes in a row is handled in one transaction; what cannot be is handled by itself."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from tests.service.chassis.conftest import eventually
from tests.service.chassis.events.conftest import EAR, TWO_EARS, Stage


@contextmanager
def nobody_listening(stage: Stage, kind: str = EAR) -> Iterator[None]:
    """Let all that is told in the block wait in the queue, and an ear take it afterwards."""
    ear = stage.run_ear(kind)
    stage.run_relay()
    ear.ask_to_stop()
    eventually(lambda: ear.exit_code == 0, "it ends")
    yield
    eventually(lambda: stage.unsent() == 0, "all is sent")
    stage.run_ear(kind)


def transactions(stage: Stage) -> int:
    """Count the transactions in which something was heard."""
    with stage.ears.connect() as connection:
        return int(connection.scalar(text("select count(distinct xmin::text) from heard")))


def test_a_burst_is_heard_in_its_order_in_few_transactions(stage: Stage) -> None:
    with nobody_listening(stage, TWO_EARS):
        for number in range(15):
            stage.teller.tell(stage.teller.begin(), str(number))

    stage.await_heard([str(number) for number in range(15)])
    stage.await_heard([str(number) for number in range(15)], "write_down")
    assert stage.inbox_size() == 30
    # Alone, each listener has a transaction for each event: 30.
    assert transactions(stage) <= 15


def test_one_that_fails_is_set_aside_and_those_beside_it_are_heard_once(stage: Stage) -> None:
    with nobody_listening(stage):
        stage.teller.tell(stage.teller.begin(), "before")
        stage.teller.tell(stage.teller.begin(), "bad", then="fail")
        stage.teller.tell(stage.teller.begin(), "after")

    stage.await_states("retrying")
    eventually(lambda: sorted(stage.heard()) == ["after", "before"], "the others are heard")
    stage.touch("well")
    stage.make_due()
    eventually(lambda: sorted(stage.heard()) == ["after", "bad", "before"], "it is heard, too")
    stage.await_states()


def test_one_that_waits_for_an_earlier_one_is_kept_behind_it(stage: Stage) -> None:
    story = stage.teller.begin()
    with nobody_listening(stage):
        stage.teller.tell(story, "bad", then="fail")
        stage.teller.tell(story, "next")
        stage.teller.tell(stage.teller.begin(), "other")

    stage.await_states("retrying", "behind")
    eventually(lambda: stage.heard() == ["other"], "the other is heard")
    stage.touch("well")
    stage.make_due()
    stage.await_states()
    assert stage.heard(story=story) == ["bad", "next"]


def test_a_message_that_comes_three_times_in_a_row_is_heard_once(stage: Stage) -> None:
    told = stage.envelope(stage.teller.begin(), 1, {"line": "once"})
    with nobody_listening(stage):
        for _ in range(3):
            stage.publish(told)
        stage.teller.tell(stage.teller.begin(), "other")

    eventually(lambda: stage.queue_length() == 0 and len(stage.heard()) >= 2, "all is handled")
    assert sorted(stage.heard()) == ["once", "other"]
    assert stage.states() == []


@pytest.mark.faults
@pytest.mark.parametrize("point", ["in_handler:3", "before_commit", "after_commit_before_ack"])
def test_a_listener_killed_within_a_burst_handles_each_event_once(stage: Stage, point: str) -> None:
    first = stage.run_ear()
    stage.run_relay()
    first.ask_to_stop()
    eventually(lambda: first.exit_code == 0, "it ends")
    for number in range(6):
        stage.teller.tell(stage.teller.begin(), str(number))
    eventually(lambda: stage.unsent() == 0, "all is sent")

    doomed = stage.run_ear(wait=False, GENDAN_FAULT_POINT=point)
    eventually(lambda: doomed.exit_code is not None, "it is killed")
    stage.run_ear()

    eventually(lambda: len(stage.heard()) >= 6, "all is heard")
    eventually(lambda: stage.queue_length() == 0, "the queue is empty")
    assert sorted(stage.heard()) == [str(number) for number in range(6)]
    assert stage.states() == []
    assert doomed.exit_code == -signal.SIGKILL
