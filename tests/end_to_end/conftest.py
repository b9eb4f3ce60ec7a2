"""The people of a whole running system."""

import pytest

from deploy.demo.people import Company
from tests.system import System


@pytest.fixture(scope="session")
def company(system: System) -> Company:
    """Everybody of the story, signed in at first use."""
    return Company(system.url, system.passwords, system.advance_days, print)
