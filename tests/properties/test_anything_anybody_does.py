"""Whatever anybody does, in whatever order, alone or at once: the promises of the books hold.

Proves X3 as far as chance goes, over the whole running system.
"""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from deploy.demo.world import World
from tests.faults.checks import Auditor
from tests.properties.deals import Cast
from tests.properties.house import House
from tests.properties.machine import desks_of
from tests.properties.refusals import (
    APART,
    MOVES,
    Refusals,
    ask_about,
    made_apart,
    places_of,
    standing_at,
)

IS_LONG = settings.get_current_profile_name() == "long"  # tests/conftest.py
CHANCE = settings(
    max_examples=200 if IS_LONG else 7,
    stateful_step_count=30 if IS_LONG else 12,
    # The suite tries the same each time; a long run tries others.
    derandomize=not IS_LONG,
    database=None,
    # How long a step takes is the machine's; whether it goes wrong is ours.
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=IS_LONG,
    phases=(Phase.generate, Phase.shrink),
)


def test_an_illegal_move_is_answered_before_a_stale_one(house: House) -> None:
    """ARCHITECTURE §7: every move of everything there is, in every place of an order's way."""
    refusals, world = Refusals(house), World.new(house.company)
    cast = Cast(house, world)
    for at in ("memo", "draft"):
        ask_about(refusals, cast, standing_at(cast, at))
    deal = standing_at(cast, "in review")
    for _ in places_of(cast, deal, house.watch):
        ask_about(refusals, cast, deal)
    for prefix, path in made_apart(world):
        refusals.ask(prefix, path, APART[prefix])

    assert not refusals.wrong, "\n".join(refusals.wrong)
    assert refusals.asked == MOVES


def test_nothing_that_anybody_does_breaks_a_promise(house: House) -> None:
    run_state_machine_as_test(desks_of(house), settings=CHANCE)
    house.watch.await_quiet()
    auditor = Auditor(house.system)
    found = [*auditor.books(), *auditor.unheard(), *auditor.audit()]
    assert not found, "\n".join(map(str, found))
