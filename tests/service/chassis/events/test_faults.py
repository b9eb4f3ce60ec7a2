"""Processes killed at the points where it hurts most: nothing is lost, nothing is done twice."""

import json
import os
import signal
from contextlib import closing
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from chassis import relay
from tests.service.chassis.conftest import eventually
from tests.service.chassis.events.conftest import QUEUE, Stage

pytestmark = pytest.mark.faults


# Events that come in a row share a transaction, so it may be the only one.
@pytest.mark.parametrize("point", ["in_handler:2", "before_commit", "after_commit_before_ack"])
def test_a_listener_killed_at_any_point_handles_each_event_once(stage: Stage, point: str) -> None:
    doomed = stage.run_ear(GENDAN_FAULT_POINT=point)
    stage.run_relay()
    story, other = stage.teller.begin(), stage.teller.begin()

    stage.teller.tell(story, "one", "two", "three")
    eventually(lambda: doomed.exit_code is not None, "it is killed")
    stage.run_ear()
    stage.teller.tell(other, "four")

    eventually(lambda: len(stage.heard()) >= 4, "all is heard")
    assert stage.heard(story=story) == ["one", "two", "three"]
    assert stage.heard(story=other) == ["four"]
    assert stage.states() == []
    eventually(lambda: stage.queue_length() == 0, "the queue is empty")
    assert doomed.exit_code == -signal.SIGKILL


def test_a_retry_killed_in_the_middle_is_counted_and_made_again(stage: Stage) -> None:
    stage.touch("well")
    doomed = stage.run_ear(GENDAN_FAULT_POINT="after_begin_before_retry")
    (stage.folder / "well").unlink()
    stage.run_relay()
    stage.teller.tell(stage.teller.begin(), "bad", then="fail")
    stage.await_states("retrying")

    stage.make_due()
    eventually(lambda: doomed.exit_code is not None, "it is killed")
    assert [(row.state, row.attempts) for row in stage.failed()] == [("retrying", 2)]
    stage.touch("well")
    stage.make_due()
    stage.run_ear()

    stage.await_heard(["bad"])
    stage.await_states()


def test_a_relay_killed_between_publishing_and_marking_sends_again_what_is_heard_once(
    stage: Stage,
) -> None:
    stage.run_ear()
    story = stage.teller.begin()
    stage.teller.tell(story, *map(str, range(20)))
    doomed = stage.run_relay(wait=False, GENDAN_FAULT_POINT="after_publish_before_mark:2")
    eventually(lambda: doomed.exit_code is not None, "it is killed")
    assert stage.unsent() > 0

    stage.run_relay()

    stage.await_heard(list(map(str, range(20))))
    eventually(lambda: stage.unsent() == 0, "all is marked as sent")
    assert stage.heard() == list(map(str, range(20)))


def test_a_second_relay_takes_over_when_the_first_is_killed(stage: Stage) -> None:
    stage.run_ear()
    first = stage.run_relay()
    stage.run_relay(wait=False)
    story = stage.teller.begin()
    stage.teller.tell(story, "one")
    stage.await_heard(["one"])
    assert working_relays(stage) == 1

    first.kill()
    stage.teller.tell(story, "two")

    stage.await_heard(["one", "two"])
    assert working_relays(stage) == 1


def working_relays(stage: Stage) -> int:
    """Count the relays that hold the lock of the teller's database."""
    with stage.teller.engine.connect() as connection:
        query = text(
            "select count(*) from pg_locks join pg_stat_activity using (pid)"
            " where locktype = 'advisory' and granted and datname = current_database()"
            " and application_name like 'gendan-relay-%'"
        )
        return int(connection.execute(query).scalar_one())


def test_another_replica_takes_over_when_the_listening_one_is_killed(stage: Stage) -> None:
    replicas = [stage.run_ear(), stage.run_ear()]
    stage.run_relay()
    story = stage.teller.begin()
    stage.teller.tell(story, "waits", then="wait")
    stage.teller.tell(story, "next")
    eventually(lambda: stage.reactions() == ["wait"], "it is being handled")
    busy = int((stage.folder / "reactions").read_text().split()[1])

    next(replica for replica in replicas if replica.pid == busy).kill()
    stage.touch("go")

    stage.await_heard(["waits", "next"])
    assert stage.reactions() == ["wait", "wait", "fine"]


def test_a_listener_that_stands_still_is_replaced_and_does_nothing_twice_when_it_wakes(
    stage: Stage,
) -> None:
    heartbeat: dict[str, Any] = {"GENDAN_HEARTBEAT_SECONDS": "2"}
    stage.run_ear(**heartbeat)
    stage.run_ear(**heartbeat)
    stage.run_relay()
    story = stage.teller.begin()
    stage.teller.tell(story, "one")
    stage.await_heard(["one"])
    listening = int((stage.folder / "reactions").read_text().split()[1])

    os.kill(listening, signal.SIGSTOP)
    try:
        stage.teller.tell(story, "two", "three")
        stage.await_heard(["one", "two", "three"], seconds=30)
    finally:
        os.kill(listening, signal.SIGCONT)
    stage.teller.tell(story, "four")

    stage.await_heard(["one", "two", "three", "four"])
    eventually(lambda: stage.queue_length() == 0, "the queue is empty")
    assert stage.heard() == ["one", "two", "three", "four"]


def test_a_stop_finishes_what_runs_acknowledges_it_and_takes_nothing_new(stage: Stage) -> None:
    leaving = stage.run_ear()
    # What is being handled has not arrived yet: it shall not be sent again meanwhile.
    stage.run_relay(GENDAN_RESEND_SECONDS="600")
    story = stage.teller.begin()
    stage.teller.tell(story, "waits", then="wait")
    eventually(lambda: stage.reactions() == ["wait"], "it is being handled")
    stage.teller.tell(story, "next")
    eventually(lambda: stage.unsent() == 0, "the next waits in the queue")

    leaving.ask_to_stop()
    eventually(lambda: "stopping on" in stage.log(0).read_text(), "it stops")
    stage.touch("go")
    eventually(lambda: leaving.exit_code == 0, "it ends")

    assert stage.heard() == ["waits"]
    # Only the one it had not begun is the broker's again.
    eventually(lambda: stage.queue_length() == 1, "it is given back")
    stage.run_ear()
    stage.await_heard(["waits", "next"])
    assert stage.reactions() == ["wait", "fine"]


def test_events_sent_before_the_listeners_first_start_wait_for_it(stage: Stage) -> None:
    stage.run_relay()
    story = stage.teller.begin()

    stage.teller.tell(story, "early", "bird")
    eventually(lambda: "held back" in stage.log(0).read_text(), "it finds no queue")
    assert stage.unsent() == 2
    stage.run_ear()

    stage.await_heard(["early", "bird"])


def test_events_that_nobody_listens_to_are_sent_and_done_with(stage: Stage) -> None:
    stage.run_ear()
    stage.run_teller()
    stage.run_relay()
    story = stage.teller.begin()

    stage.teller.tell(story, "the end", ended=True)

    eventually(lambda: stage.unsent() == 0, "it is sent")
    assert stage.heard() == []


def test_what_a_deleted_queue_took_with_it_is_sent_again(stage: Stage) -> None:
    listening = stage.run_ear()
    stage.run_teller()
    # By itself, as where each database has a relay of its own: it asks all who may listen.
    stage.run_relay(only="teller")
    story = stage.teller.begin()
    stage.teller.tell(story, "zero")
    stage.await_heard(["zero"])
    listening.stop()
    stage.teller.tell(story, *map(str, range(1, 30)))
    eventually(lambda: stage.queue_length() == 29, "the events wait")

    with stage.channel() as channel:
        channel.queue_delete(QUEUE)
    stage.run_ear()

    eventually(lambda: len(stage.heard()) >= 30, "all is heard", 30)
    assert stage.heard() == ["zero", *map(str, range(1, 30))]
    # Noted after it was published; what is not acknowledged by then may be sent once more.
    eventually(lambda: audience(stage)[0]["resent"] >= 29, "it is noted")
    assert [row["service"] for row in audience(stage)] == ["ear"]


def test_a_message_that_comes_again_within_fourteen_days_is_stopped(stage: Stage) -> None:
    """The inbox remembers to the last hour: the purge takes no younger row (P18)."""
    stage.run_ear()
    stage.run_relay()
    yesterday_in_the_window, out_of_it = (
        stage.envelope(uuid4(), 1, {"line": line}) for line in ("within", "beyond")
    )
    for body, age in ((yesterday_in_the_window, "13 days 23 hours"), (out_of_it, "14 days 1 hour")):
        stage.publish(body)
        message_id = json.loads(body)["message_id"]
        eventually(partial(has_heard, stage, message_id), "it is heard")
        with stage.ears.begin() as connection:
            connection.execute(
                text(
                    "update inbox set received_at = now() - cast(:age as interval)"
                    " where message_id = :message"
                ),
                {"age": age, "message": message_id},
            )
    with stage.ears.begin() as connection:
        lived_on = "insert into inbox values ('x', gen_random_uuid(), now() - interval '36 hours')"
        connection.execute(text(lived_on))

    with closing(relay.connect(relay.plain_url(stage.urls["ear"]), "test")) as database:
        purged = relay.purge(database)
    stage.publish(yesterday_in_the_window)
    stage.publish(out_of_it)

    assert purged["inbox"] == 1
    # What nobody remembers is done again: nothing that old is sent (the outbox is purged too).
    eventually(lambda: len(stage.heard()) == 3, "what was forgotten is heard")
    eventually(lambda: stage.queue_length() == 0, "the queue is empty")
    assert sorted(stage.heard()) == ["beyond", "beyond", "within"]


def has_heard(stage: Stage, message_id: str) -> bool:
    with stage.ears.connect() as connection:
        query = text("select count(*) from inbox where message_id = :message")
        return bool(connection.scalar(query, {"message": message_id}))


def audience(stage: Stage) -> list[Any]:
    with stage.teller.engine.connect() as connection:
        query = text("select service, resent from audience where routing_keys <> '{}'")
        return [row._asdict() for row in connection.execute(query)]


def test_a_queue_deleted_under_its_consumer_and_an_exchange_are_declared_again(
    stage: Stage,
) -> None:
    stage.run_ear(PROBE_BINDS_AGAIN="0.2")
    stage.run_relay()
    story = stage.teller.begin()
    stage.teller.tell(story, "one")
    stage.await_heard(["one"])

    with stage.channel() as channel:
        channel.queue_delete(QUEUE)
    stage.teller.tell(story, "two")
    stage.await_heard(["one", "two"])

    with stage.channel() as channel:
        channel.exchange_delete("teller.events")
    stage.teller.tell(story, "three")
    stage.await_heard(["one", "two", "three"])


def test_messages_that_only_wait_in_a_long_queue_are_not_sent_again(stage: Stage) -> None:
    stage.run_ear().stop()
    stage.run_relay()
    stage.run_teller()
    story = stage.teller.begin()
    stage.teller.tell(story, "slow", then="wait")
    stage.teller.tell(story, *map(str, range(40)))
    eventually(lambda: stage.queue_length() == 41, "the events wait")

    stage.run_ear()
    eventually(lambda: compared(stage) >= 3, "inboxes were compared", 20)
    stage.touch("go")

    eventually(lambda: len(stage.heard()) >= 41, "all is heard")
    assert stage.heard() == ["slow", *map(str, range(40))]
    assert [row["resent"] for row in audience(stage)] == [0]


_compared: set[Any] = set()


def compared(stage: Stage) -> int:
    """Count, as often as asked, the moments at which inboxes were seen to have been compared."""
    with stage.teller.engine.connect() as connection:
        _compared.add(
            connection.scalar(text("select compared_at from audience where service = 'ear'"))
        )
    return len(_compared - {None})


def test_a_full_queue_keeps_events_in_the_outbox_and_loses_none(stage: Stage) -> None:
    limit: dict[str, Any] = {"GENDAN_EVENT_QUEUE_LENGTH": "5"}
    stage.run_ear(**limit).stop()
    stage.run_relay()
    story = stage.teller.begin()

    for number in range(40):
        stage.teller.tell(story, str(number))
    eventually(lambda: "held back" in stage.log(1).read_text(), "the queue is full")
    assert stage.unsent() > 20
    stage.run_ear(**limit)

    eventually(lambda: len(stage.heard()) >= 40, "all is heard", 40)
    assert sorted(map(int, stage.heard())) == list(range(40))
    eventually(lambda: stage.unsent() == 0, "the outbox is empty")
