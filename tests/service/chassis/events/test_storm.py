"""What nobody planned: frozen and cut connections, and processes killed at random under load."""

import random
import threading
import time

import pytest
from sqlalchemy import text

from tests.faults.proxy import Proxy
from tests.service.chassis.conftest import eventually
from tests.service.chassis.events.conftest import Stage

pytestmark = pytest.mark.faults

STORM_SECONDS = 20.0


def test_a_relay_before_a_frozen_broker_starts_again_when_that_answers(stage: Stage) -> None:
    stage.run_ear()
    with Proxy.before(stage.vhost.url) as proxy:
        stage.run_relay(url=proxy.url(stage.vhost.url))
        story = stage.teller.begin()
        stage.teller.tell(story, "before")
        stage.await_heard(["before"])

        proxy.freeze()
        stage.teller.tell(story, "during", "the frost")
        eventually(lambda: "starts again" in stage.log(1).read_text(), "it gives up waiting", 40)
        assert stage.unsent() == 2
        proxy.let_pass()

        stage.await_heard(["before", "during", "the frost"], seconds=40)
        eventually(lambda: stage.unsent() == 0, "all is marked as sent")
        assert stage.heard() == ["before", "during", "the frost"]


def test_a_listener_whose_connections_are_cut_again_and_again_hears_all_once(
    stage: Stage,
) -> None:
    with Proxy.before(stage.vhost.url) as broker, Proxy.before(stage.urls["ear"]) as database:
        stage.run_ear(
            GENDAN_AMQP_URL=broker.url(stage.vhost.url),
            GENDAN_DATABASE_URL=database.url(stage.urls["ear"]),
        )
        stage.run_relay()
        story = stage.teller.begin()

        for number in range(30):
            stage.teller.tell(story, str(number))
            if number % 5 == 4:
                (broker if number % 2 else database).cut()
                broker.let_pass()
                database.let_pass()

        eventually(lambda: len(stage.heard()) >= 30, "all is heard", 40)
        eventually(lambda: stage.states() == [], "nothing waits")
        assert stage.heard() == [str(number) for number in range(30)]


def test_a_storm_of_kills_loses_nothing_and_does_nothing_twice(stage: Stage) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201  shown when it fails
    told: list[str] = []
    stories = [stage.teller.begin() for _ in range(20)]
    over = threading.Event()

    def tell() -> None:
        while not over.wait(0.005):
            line = str(len(told))
            broken = "fail" if chance.random() < 0.02 else ""
            stage.teller.tell(chance.choice(stories), line, then=broken)
            told.append(line)

    with (
        stage.supervised(stage.run_ear) as ears,
        stage.supervised(stage.run_relay) as relays,
    ):
        telling = threading.Thread(target=tell)
        telling.start()
        end = time.monotonic() + STORM_SECONDS
        while time.monotonic() < end:
            victim = chance.choice([ears, relays])[-1]
            if victim.exit_code is None:
                victim.kill()
            time.sleep(chance.uniform(1.0, 4.0))
        over.set()
        telling.join()
        stage.touch("well")

        def all_is_heard() -> bool:
            stage.make_due()
            return len(stage.heard()) >= len(told)

        eventually(all_is_heard, "all is heard", 60)
        eventually(lambda: stage.unsent() == 0 and stage.states() == [], "nothing waits", 30)

    assert len(told) > 200
    assert len(ears) + len(relays) > 5
    assert sorted(stage.heard(), key=int) == told
    with stage.ears.connect() as connection:
        rows = connection.execute(text("select story, sequence from heard order by id")).all()
    for story in stories:
        sequences = [row.sequence for row in rows if row.story == str(story)]
        assert sequences == list(range(1, len(sequences) + 1))
