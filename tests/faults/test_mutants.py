"""The rig is not blind: builds that break a promise are caught, and the true one is not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.demo.world import World
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
        tales=((stock_sold, 1), (paid_in_parts, 1)),
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


def paid_in_parts(world: World) -> None:
    """An order is paid bit by bit."""
    product = world.product(supply="stock", price="3.00", stock="50")
    number = world.submitted(world.customer("A"), product, "20")["number"]
    for _ in range(3):
        world.paid(number, "20.00")


def payments_of_nobody(house: House) -> set[str]:
    found = house.auditor.twice(house.workload.ledger)
    return {each.what for each in found if each.what.startswith("payment ")}


def test_the_true_build_loses_nothing_at_the_same_points(house: House) -> None:
    for _, name, point in CASES:
        assert lost_when_dying(house, name, point, seconds=60) == set()
    assert lost_when_dying(house, "customers.1", "after_command_commit", seconds=60) == set()
    assert payments_of_nobody(house) == set()


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


def test_a_build_that_ignores_keys_is_caught_doing_things_twice(house: House) -> None:
    name = "customers.1"
    true_build, before = house.charge(name).program, payments_of_nobody(house)
    command = (true_build.command[0], "-m", "tests.faults.mutants", mutants.KEYS_IGNORED)
    house.exchange(name, replace(true_build, command=(*command, "customers")))

    lost_when_dying(house, name, mutants.PAYMENT_KEPT, seconds=60)

    house.exchange(name, true_build)
    assert payments_of_nobody(house) - before != set()
