"""All faults for as long as is wished, and what came of it; behind `./gendan torture`."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import Process
from tests.faults.checks import Findings
from tests.faults.house import House, running_house
from tests.faults.strikes import STRIKES, Strike, Suffered, storm, suffer

STORM_SECONDS = 60.0
# The longest outage and coming back from it: none begins later than this before the end.
LONG_SECONDS = 100.0
# So much of the time is left for the clients' tales to end and for the books.
REST_SECONDS = 60.0


@dataclass
class Figures:
    """What one torture run measured."""

    rows: list[Suffered] = field(default_factory=list)
    accepted: int = 0
    faults: int = 0
    lost: int = 0
    twice: int = 0
    wrong: int = 0
    audit_differences: int = 0
    recovery_s_max: float = 0.0
    differences: list[str] = field(default_factory=list)


def torment(
    folder: Path, *, minutes: float, seed: int, clients: int, say: Callable[[str], None]
) -> Figures:
    """Strike all faults in an order drawn from the seed, again and again, until time is up."""
    chance = random.Random(seed)
    suffered: dict[str, Suffered] = {}
    end = time.monotonic() + minutes * 60 - REST_SECONDS
    with running_house(
        f"torture{seed}", folder, seed=seed, clients=clients, begin=Process
    ) as house:
        house.workload.start()
        while time.monotonic() < end:
            _one_round(house, chance, end, suffered, say)
        house.workload.stop()
        stirring = house.auditor.await_calm()
        findings = house.auditor.look(house.ledger, house.crew)
        return _sum(house, suffered, findings, stirring)


def _one_round(
    house: House,
    chance: random.Random,
    end: float,
    suffered: dict[str, Suffered],
    say: Callable[[str], None],
) -> None:
    """Strike each fault once, in a new order, with a storm in between."""
    strikes = chance.sample(STRIKES, len(STRIKES))
    for number, strike in enumerate(strikes):
        if time.monotonic() > end:
            return
        if strike.is_long and end - time.monotonic() < LONG_SECONDS:
            continue
        if reason := strike.obstacle():
            say(f"{strike}: left out, {reason}")
            continue
        _add(suffered, _struck(house, strike), say)
        for wrong in house.ledger.wrong_in(strike.name):
            say(f"  wrong: {wrong}")
        if number == len(strikes) // 2 and end - time.monotonic() > STORM_SECONDS:
            struck = storm(house, STORM_SECONDS, chance)
            seconds = house.await_whole()
            _add(suffered, Suffered("storm", struck=struck, seconds_until_whole=seconds), say)


def _struck(house: House, strike: Strike) -> Suffered:
    try:
        return suffer(house, strike)
    except Exception as error:  # noqa: BLE001  the run goes on, and tells it in the end
        house.ledger.write_wrong(f"{strike.name}: {error!r}", strike.name)
        return Suffered(strike.name, struck=1)


def _add(suffered: dict[str, Suffered], one: Suffered, say: Callable[[str], None]) -> None:
    say(f"{one.fault}: whole after {one.seconds_until_whole:.1f} s")
    row = suffered.setdefault(one.fault, Suffered(one.fault))
    row.struck += one.struck
    row.seconds_until_whole = max(row.seconds_until_whole, one.seconds_until_whole)


def _sum(
    house: House, suffered: dict[str, Suffered], findings: Findings, stirring: list[str]
) -> Figures:
    ledger = house.ledger
    for row in suffered.values():
        row.accepted = len(ledger.accepted(row.fault))
        row.wrong = len(ledger.wrong_in(row.fault))
        row.lost = sum(each.chapter == row.fault for each in findings.lost)
        row.twice = sum(each.chapter == row.fault for each in findings.twice)
    wrongs = [f"wrong ({wrong.chapter}): {wrong.what}" for wrong in ledger.wrongs]
    return Figures(
        rows=sorted(suffered.values(), key=lambda row: row.fault),
        accepted=len(ledger.accepted()),
        faults=sum(row.struck for row in suffered.values()),
        lost=len(findings.lost),
        twice=len(findings.twice),
        wrong=len(ledger.wrongs) + len(findings.wrong),
        audit_differences=len(findings.books) + len(stirring),
        recovery_s_max=max((row.seconds_until_whole for row in suffered.values()), default=0.0),
        differences=[*wrongs, *stirring, *(f"{each.kind}: {each.what}" for each in findings.all)],
    )
