"""What nameko's consumer is made of by us: who leaves while it connects is not consumed for."""

from types import SimpleNamespace
from typing import Any

import pytest

from chassis import guards
from chassis.guards import Intake


class Provider:
    """A queue's taker."""

    prefetch_count = 1

    def __init__(self, queue: str) -> None:
        self.queue = queue


def test_who_leaves_while_the_queues_are_declared_is_not_consumed_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    intake: Any = Intake()
    intake._providers.update({Provider("one"), Provider("another")})
    monkeypatch.setattr(Intake, "accept", ["json"])
    channel = SimpleNamespace(connection=None, basic_qos=lambda *_: None)

    def leave(_connection: Any, queue: str) -> None:
        """A stop comes while the broker is waited for: the others have gone by then."""
        intake._providers -= {each for each in intake._providers if each.queue != queue}

    monkeypatch.setattr(guards, "_declare", leave)

    consumers = intake.get_consumers(lambda **_: SimpleNamespace(consume=lambda: None), channel)

    assert len(consumers) == 1
