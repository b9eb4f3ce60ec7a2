"""A line told in one service is heard once in another, whatever happens in between."""

from tests.service.chassis.conftest import eventually
from tests.service.chassis.events.conftest import TWO_EARS, Stage


def test_what_is_announced_is_heard_in_its_order(stage: Stage) -> None:
    stage.run_ear()
    stage.run_relay()
    story = stage.teller.begin()

    stage.teller.tell(story, "once", "upon", "a time")

    stage.await_heard(["once", "upon", "a time"])
    eventually(lambda: stage.unsent() == 0, "all are marked as sent")
    assert stage.states() == []
    assert stage.inbox_size() == 3


def test_what_is_rolled_back_is_never_heard(stage: Stage) -> None:
    stage.run_ear()
    stage.run_relay()
    story = stage.teller.begin()

    stage.teller.tell_and_roll_back(story, "never")
    stage.teller.tell(story, "instead")

    stage.await_heard(["instead"])


def test_two_methods_hear_the_same_event_each_once(stage: Stage) -> None:
    stage.run_ear(TWO_EARS)
    stage.run_relay()
    story = stage.teller.begin()

    stage.teller.tell(story, "once")
    stage.teller.tell(story, "the end", ended=True)

    stage.await_heard(["once", "the end"], "write_down")
    assert stage.heard("hear_story") == ["once"]
