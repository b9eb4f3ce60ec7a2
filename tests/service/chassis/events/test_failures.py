"""No message disappears because its handling fails, and none holds up strangers."""

import json
from uuid import uuid4

import pytest

from chassis import failed
from chassis.failed import MessageNotParked
from tests.service.chassis.conftest import eventually
from tests.service.chassis.events.conftest import TWO_EARS, Stage


def test_a_failing_message_is_tried_again_and_those_of_its_aggregate_wait_behind_it(
    stage: Stage,
) -> None:
    stage.run_ear()
    stage.run_relay()
    failing, other = stage.teller.begin(), stage.teller.begin()

    stage.teller.tell(failing, "bad", then="fail")
    stage.teller.tell(failing, "after")
    stage.teller.tell(other, "other")

    stage.await_states("retrying", "behind")
    stage.await_heard(["other"])
    stage.touch("well")
    stage.make_due()
    stage.await_heard(["other", "bad", "after"])
    stage.await_states()


def test_a_message_is_parked_after_eight_attempts_and_can_be_replayed_once(stage: Stage) -> None:
    stage.run_ear()
    stage.run_relay()
    story = stage.teller.begin()
    stage.teller.tell(story, "bad", then="fail")
    # Come together they would be tried together first, which is no attempt of its own.
    stage.await_states("retrying")
    stage.teller.tell(story, "after")

    def is_parked() -> bool:
        stage.make_due()
        return stage.states() == ["parked", "behind"]

    eventually(is_parked, "the message is parked", 30)
    assert stage.reactions() == ["fail"] * failed.ATTEMPTS
    stage.touch("well")
    stage.operate(failed.retry, stage.failed()[0].id)
    stage.await_heard(["bad", "after"])
    stage.await_states()


def test_a_parked_message_can_be_discarded_and_those_behind_it_go_on(stage: Stage) -> None:
    stage.run_ear()
    stage.run_relay()
    story = stage.teller.begin()
    stage.publish(stage.envelope(story, 1, {"no": "line"}))
    stage.publish(stage.envelope(story, 2, {"line": "after"}))
    stage.await_states("parked", "behind")

    stage.operate(failed.discard, stage.failed()[0].id)

    stage.await_heard(["after"])
    stage.await_states("discarded")
    with pytest.raises(MessageNotParked):
        stage.operate(failed.retry, stage.failed()[0].id)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json \xff\x00",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"name": "story_told", "schema_version": "x"}',
    ],
    ids=["empty", "binary", "list", "bare", "nested", "half"],
)
def test_what_is_no_event_is_parked_at_once_and_shown_to_operators(
    stage: Stage, body: bytes
) -> None:
    stage.run_ear()
    stage.run_relay()
    story = stage.teller.begin()

    stage.publish(body)
    stage.teller.tell(story, "next")

    stage.await_heard(["next"])
    stage.await_states("parked")
    (row,) = stage.failed()
    assert (row.listener, row.body, row.source) == (failed.UNREADABLE, body, "teller")


def test_unknown_versions_and_invalid_data_are_parked_at_once(stage: Stage) -> None:
    stage.run_ear()
    stage.run_relay()
    story = stage.teller.begin()

    stage.publish(stage.envelope(uuid4(), 1, {"line": "new"}, schema_version=2))
    stage.publish(stage.envelope(uuid4(), 1, {"line": 7}))
    stage.publish(stage.envelope(uuid4(), 1, "no object"))
    stage.publish(stage.envelope(uuid4(), 1, {"line": "fields too many", "more": 1}))
    # Nobody can read its properties, and nobody needs them.
    stage.publish(stage.envelope(uuid4(), 1, {"line": "a key no text"}), correlation_id=b"\xff")
    stage.teller.tell(story, "next")

    eventually(lambda: len(stage.heard()) >= 3, "the good ones are heard")
    assert sorted(stage.heard()) == ["a key no text", "fields too many", "next"]
    stage.await_states("parked", "parked", "parked")
    assert [row.listener for row in stage.failed()] == ["hear_story"] * 3
    assert stage.failed()[0].attempts == 1


def test_leaked_timeouts_clog_nothing(stage: Stage) -> None:
    stage.run_ear()
    stage.run_relay()

    for _ in range(12):
        stage.teller.tell(stage.teller.begin(), "leaky", then="leak")
    stage.teller.tell(stage.teller.begin(), "next")

    stage.await_heard(["next"])
    stage.await_states(*["retrying"] * 12)
    stage.touch("well")
    stage.make_due()
    stage.await_heard(["next"] + ["leaky"] * 12)


@pytest.mark.faults
def test_only_the_message_that_kills_its_process_stays_parked(stage: Stage) -> None:
    killer, innocent = stage.teller.begin(), stage.teller.begin()
    with stage.supervised(stage.run_ear) as processes:
        # Not sent again meanwhile: its copies would add deaths of their own.
        stage.run_relay(GENDAN_RESEND_SECONDS="600")
        stage.teller.tell(killer, "killer", then="die")
        stage.teller.tell(innocent, "one", "two")
        stage.teller.tell(killer, "behind the killer")

        eventually(lambda: "parked" in stage.states(), "the killer is parked", 90)
        stage.await_heard(["one", "two"])
        # What was told after it by the same teller waits for its turn behind it, whether it died
        # with it as often as the broker allows or came through to be kept.
        eventually(
            lambda: sorted(stage.states()) in (["parked", "suspect"], ["behind", "parked"]),
            "only it is",
            30,
        )
        assert [process.exit_code for process in processes[:-1]] == [9] * (len(processes) - 1)
        # Six by the broker's limit, two alone.
        assert stage.reactions().count("die") == 8
        parked = next(row for row in stage.failed() if row.state == "parked")
        assert json.loads(parked.body)["data"]["line"] == "killer"

        stage.touch("well")
        stage.operate(failed.retry, parked.id)
        eventually(lambda: stage.heard(story=killer) == ["killer", "behind the killer"], "healed")
        assert stage.heard(story=innocent) == ["one", "two"]
        stage.await_states()


def test_a_method_that_fails_does_not_hold_up_another_of_the_same_event(stage: Stage) -> None:
    stage.run_ear(TWO_EARS)
    stage.run_relay()
    story = stage.teller.begin()

    stage.teller.tell(story, "once", "twice", then="fail")

    stage.await_heard(["once", "twice"], "hear_story")
    stage.await_states("retrying", "behind")
    assert [row.listener for row in stage.failed()] == ["write_down", "write_down"]
    stage.touch("well")
    stage.make_due()
    stage.await_heard(["once", "twice"], "write_down")
    assert stage.heard("hear_story") == ["once", "twice"]


def test_what_no_listener_wants_any_more_is_let_go_and_unbound(stage: Stage) -> None:
    stage.run_ear(TWO_EARS).stop()
    stage.run_ear()  # an older or newer version of the service, which does not know endings
    stage.run_relay()
    story = stage.teller.begin()
    stage.teller.tell(story, "the end", ended=True)
    stage.await_states("retrying")
    assert stage.failed()[0].listener == failed.UNCLAIMED

    def is_given_up() -> bool:
        stage.make_due()
        return stage.states() == []

    eventually(is_given_up, "the event is given up")
    eventually(lambda: "story_ended of teller no more" in stage.log(1).read_text(), "is unbound")
    stage.teller.tell(story, "another end", ended=True)
    stage.teller.tell(story, "told")
    stage.await_heard(["told"])
    assert stage.states() == []


@pytest.mark.faults
def test_while_the_database_is_away_nothing_is_lost_and_nothing_counts(stage: Stage) -> None:
    stage.run_ear()
    stage.run_relay()
    story, other = stage.teller.begin(), stage.teller.begin()
    stage.teller.tell(story, "before")
    stage.await_heard(["before"])

    with stage.database_away():
        stage.teller.tell(story, "during", "and")
        stage.teller.tell(other, "elsewhere")
        # Longer than several tries: nothing may come back to the broker meanwhile.
        eventually(lambda: "takes no events" in stage.log(0).read_text(), "the ear pauses", 30)

    eventually(lambda: len(stage.heard()) == 4, "all is heard", 30)
    assert stage.heard(story=story) == ["before", "during", "and"]
    assert stage.states() == []
