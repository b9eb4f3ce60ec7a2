"""Faults at random, one upon the other, while four clients work; then the books are compared."""

import random

import pytest

from tests.faults.house import House
from tests.faults.strikes import storm

pytestmark = pytest.mark.faults

# On a quiet machine the seconds are the longer, on a busy one the strikes.
STORM_SECONDS = 60.0
STRIKES = 10
WHOLE_WITHIN_SECONDS = 60.0


def test_a_storm_loses_nothing_and_does_nothing_twice(house: House, seed: int) -> None:
    print(f"seed {seed}")  # noqa: T201  shown when it fails
    house.workload.start()
    accepted = len(house.ledger.accepted())

    struck = storm(house, STORM_SECONDS, random.Random(seed), least=STRIKES)
    seconds = house.await_whole()
    house.workload.stop()
    stirring = house.auditor.await_calm()

    assert struck >= STRIKES
    assert len(house.ledger.accepted()) > accepted
    assert seconds < WHOLE_WITHIN_SECONDS
    assert stirring == []
    assert house.auditor.look(house.ledger, house.crew).report() == "no difference"
    assert house.ledger.wrongs == []
