"""The rig is not blind: builds that break a promise are caught, and the true one is not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.local.engines import Engines
from deploy.local.supervisor import Supervisor
from tests.faults import mutants
from tests.faults.house import SETTINGS, House, furnished
from tests.faults.workload import stock_sold
from tests.templates import Templates

pytestmark = pytest.mark.faults

# Anti-entropy would repair what the mutants lose before anybody could see it.
WITHOUT_ANTI_ENTROPY = {
    **SETTINGS,
    "GENDAN_RESEND_SECONDS": "86400",
    "GENDAN_RESEND_GRACE_SECONDS": "86400",
}

# (mutant, program it is put into, fault point at which the program dies)
CASES = (
    (mutants.RELAY_MARKS_FIRST, "relay", "after_publish_before_mark"),
    (mutants.ACKNOWLEDGED_FIRST, "inventory.1", "in_handler"),
    (mutants.INBOX_IGNORED, "shipping.1", "after_commit_before_ack"),
)


@pytest.fixture(scope="module")
def house(
    engines: Engines,
    templates: Templates,
    session_tag: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """A system on the run's engines, in which one program at a time is another build."""
    with furnished(
        engines,
        f"{session_tag}_mutants",
        tmp_path_factory.mktemp("mutants"),
        Supervisor(lambda _: None),
        seed=1,
        clients=2,
        tales=((stock_sold, 1),),
        settings=WITHOUT_ANTI_ENTROPY,
        templates=templates,
    ) as running:
        yield running


def lost_when_dying(house: House, name: str, point: str, *, seconds: float) -> set[str]:
    """Kill a program at a point amid work; give what is found lost then, or after so long."""
    house.workload.start()
    house.die_at(name, point)
    house.ledger.await_more_accepted(10, 60)
    house.workload.stop(seconds=seconds)
    house.auditor.await_calm(seconds=seconds)
    return {each.what for each in house.auditor.unheard()}


def test_the_true_build_loses_nothing_at_the_same_points(house: House) -> None:
    for _, name, point in CASES:
        assert lost_when_dying(house, name, point, seconds=60) == set()


@pytest.mark.parametrize(("mutant", "name", "point"), CASES, ids=[case[0] for case in CASES])
def test_it_is_caught(mutant: str, name: str, point: str, house: House) -> None:
    charge = house.charge(name)
    true_build = charge.program
    lost_before = {each.what for each in house.auditor.unheard()}
    part = name.removesuffix(".1")
    command = (true_build.command[0], "-m", "tests.faults.mutants", mutant, part)
    house.exchange(name, replace(true_build, command=command))

    # What a mutant loses is waited for in vain.
    lost = lost_when_dying(house, name, point, seconds=8)

    house.exchange(name, true_build)
    assert lost - lost_before != set()
