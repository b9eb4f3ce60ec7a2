"""A running system and its people, for those who mean it ill."""

import pytest
import requests

from chassis.principal import SEES_PERSONAL_DATA
from deploy.demo.people import Company
from gateway.permissions import ROLES
from tests.hostile.territory import Territory, settled
from tests.system import System


@pytest.fixture(scope="module")
def company(system: System) -> Company:
    """Everybody of the system, signed in at first use."""
    return Company(system.url, system.passwords, system.advance_days, lambda _: None)


@pytest.fixture(scope="module")
def told_to_the_masked(company: Company) -> list[tuple[str, requests.Response]]:
    """What the system answers to the commands of those before whom it masks, from now on."""
    told: list[tuple[str, requests.Response]] = []

    def listen(role: str) -> None:
        def keep(response: requests.Response, **_: object) -> None:
            if response.request.method != "GET":
                told.append((role, response))

        company.person(role).session.hooks["response"].append(keep)

    for role in ROLES:
        if role not in SEES_PERSONAL_DATA and role != "scanner":
            listen(role)
    return told


@pytest.fixture(scope="module")
def territory(
    company: Company, told_to_the_masked: list[tuple[str, requests.Response]]
) -> Territory:
    """One of everything that belongs to a customer."""
    return settled(company)
