"""An earlier and a later version of a service, side by side and after each other (P17)."""

from uuid import uuid4

from tests.service.chassis.conftest import eventually
from tests.service.chassis.events.conftest import EAR, NEW_EAR, Stage

OLD = {"line": "old"}
NEW = {"line": "new", "mood": "merry"}


def test_each_version_of_a_listener_reads_what_the_other_version_announces(stage: Stage) -> None:
    earlier = stage.run_ear(EAR)
    stage.run_relay()
    stage.publish(stage.envelope(uuid4(), 1, OLD))
    stage.publish(stage.envelope(uuid4(), 1, NEW))
    eventually(lambda: sorted(stage.heard()) == ["new", "old"], "the earlier version hears both")
    earlier.stop()

    stage.run_ear(NEW_EAR)
    stage.publish(stage.envelope(uuid4(), 1, OLD))
    stage.publish(stage.envelope(uuid4(), 1, NEW))

    eventually(lambda: len(stage.heard()) == 4, "the later version hears both")
    assert sorted(stage.heard()[2:]) == ["new, merry", "old, calm"]
    assert stage.states() == []


def test_a_listener_exchanged_under_load_hears_all_once_and_parks_nothing(stage: Stage) -> None:
    replicas = [stage.run_ear(EAR), stage.run_ear(EAR)]
    stage.run_relay()
    stories = [uuid4() for _ in range(5)]

    for sequence in range(1, 41):
        for story in stories:
            stage.publish(stage.envelope(story, sequence, NEW if sequence % 2 else OLD))
        if sequence in (10, 25):
            # One replica after the other makes room for the later version.
            replicas.append(stage.run_ear(NEW_EAR, wait=False))
            replicas.pop(0).ask_to_stop()

    eventually(lambda: len(stage.heard()) >= 200, "all is heard", 60)
    eventually(lambda: stage.queue_length() == 0, "the queue is empty")
    lines = stage.heard()
    assert sum(line.startswith("new") for line in lines) == 100
    assert sum(line.startswith("old") for line in lines) == 100
    assert {"new", "old", "new, merry", "old, calm"} == set(lines)
    assert stage.states() == []
