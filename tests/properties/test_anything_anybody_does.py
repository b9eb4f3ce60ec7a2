"""Whatever anybody does, in whatever order, alone or at once: the promises of the books hold.

Proves O8 O30 O31 X3 X4 X5 as far as chance goes, over the whole running system.
"""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.checks import Auditor
from tests.properties.house import House
from tests.properties.machine import machine_of

#: Examples of a longer run than the suite has time for; each run tries others.
LONG = os.environ.get("GENDAN_PROPERTY_EXAMPLES")
STEPS = 12

CHANCE = settings(
    max_examples=int(LONG or 8),
    stateful_step_count=STEPS,
    derandomize=LONG is None,
    database=None,
    deadline=None,
    print_blob=True,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def test_nothing_that_anybody_does_breaks_a_promise(house: House) -> None:
    run_state_machine_as_test(machine_of(house), settings=CHANCE)
    house.watch.await_quiet()
    auditor = Auditor(house.system)
    found = [*auditor.books(), *auditor.unheard(), *auditor.audit()]
    assert not found, "\n".join(map(str, found))
