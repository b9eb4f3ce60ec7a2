"""One house for all faults: it is struck again and again, as a real one is."""

import random
from collections.abc import Iterator

import pytest

from tests.faults.house import House, running_house


@pytest.fixture(scope="session")
def seed() -> int:
    """What the clients' choices and the storm's follow from; printed, so that it can be told."""
    return random.SystemRandom().randrange(10**6)


@pytest.fixture(scope="module")
def house(session_tag: str, seed: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A system on engines of its own, which are struck too, with four clients at work."""
    folder = tmp_path_factory.mktemp("house")
    with running_house(f"{session_tag}f", folder, seed=seed) as running:
        running.workload.start()
        yield running
