"""A running system and its people, for those who mean it ill."""

import pytest

from deploy.demo.people import Company
from tests.system import System


@pytest.fixture(scope="module")
def company(system: System) -> Company:
    """Everybody of the system, signed in at first use."""
    return Company(system.url, system.passwords, system.advance_days, lambda _: None)
