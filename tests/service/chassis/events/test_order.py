"""Listeners whose effect depends on order get each aggregate's events without gaps."""

from uuid import uuid4

from sqlalchemy import text

from chassis import failed
from tests.service.chassis.conftest import eventually
from tests.service.chassis.events.conftest import ORDERLY_EAR, Stage


def test_an_early_event_waits_for_the_one_before_it(stage: Stage) -> None:
    stage.run_ear(ORDERLY_EAR)
    stage.run_relay()
    story, other = uuid4(), uuid4()

    stage.publish(stage.envelope(story, 3, {"line": "third"}, name="story_ended"))
    stage.publish(stage.envelope(story, 2, {"line": "second"}, name="story_ended"))
    stage.publish(stage.envelope(other, 1, {"line": "other"}, name="story_ended"))
    stage.await_heard(["other"], "hear_ending")
    stage.await_states("gap", "gap")
    stage.publish(stage.envelope(story, 1, {"line": "first"}, name="story_ended"))

    stage.await_heard(["other", "first", "second", "third"], "hear_ending")
    stage.await_states()


def test_events_it_does_not_listen_to_leave_no_gap(stage: Stage) -> None:
    stage.run_ear(ORDERLY_EAR)
    stage.run_relay()
    story = stage.teller.begin()

    stage.teller.tell(story, "told", "told")
    stage.teller.tell(story, "ended", ended=True)
    stage.teller.tell(story, "told")
    stage.teller.tell(story, "ended again", ended=True)

    stage.await_heard(["ended", "ended again"], "hear_ending")
    eventually(lambda: stage.inbox_size() == 5, "all five are in the inbox")
    assert stage.states() == []


def test_an_event_whose_predecessor_never_comes_is_parked_until_the_gap_is_given_up(
    stage: Stage,
) -> None:
    stage.run_ear(ORDERLY_EAR)
    stage.run_relay()
    story = uuid4()
    stage.publish(stage.envelope(story, 2, {"line": "second"}, name="story_ended"))
    stage.publish(stage.envelope(story, 3, {"line": "third"}, name="story_ended"))
    stage.await_states("gap", "behind")

    stage.make_due()
    eventually(lambda: stage.states()[0] == "parked", "the first is given up for now")
    assert stage.heard("hear_ending") == []
    stage.operate(failed.retry, stage.failed()[0].id, despite_gap=True)

    stage.await_heard(["second", "third"], "hear_ending")
    stage.await_states()
    stage.publish(stage.envelope(story, 1, {"line": "too late"}, name="story_ended"))
    stage.await_states("parked")
    assert stage.heard("hear_ending") == ["second", "third"]


def test_a_failing_event_keeps_the_next_ones_of_its_aggregate_waiting(stage: Stage) -> None:
    stage.run_ear(ORDERLY_EAR)
    stage.run_relay()
    story = stage.teller.begin()

    stage.teller.tell(story, "one", then="fail", ended=True)
    stage.teller.tell(story, "two", "three", ended=True)

    stage.await_states("retrying", "behind", "behind")
    stage.touch("well")
    stage.make_due()
    stage.await_heard(["one", "two", "three"], "hear_ending")
    stage.await_states()


def test_many_writers_replicas_and_relays_keep_the_order_of_each_story(stage: Stage) -> None:
    stage.run_ear(ORDERLY_EAR)
    stage.run_ear(ORDERLY_EAR)
    stage.run_relay()
    stage.run_relay(wait=False)
    stories = [stage.teller.begin() for _ in range(10)]

    stage.teller.tell_at_once(stories, writers=4, lines=15)

    eventually(lambda: len(stage.heard("hear_ending")) >= 600, "all is heard", 60)
    with stage.ears.connect() as connection:
        rows = connection.execute(text("select story, sequence from heard order by id")).all()
    for story in stories:
        assert [row.sequence for row in rows if row.story == str(story)] == list(range(1, 61))
    assert stage.states() == []
