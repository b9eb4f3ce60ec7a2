"""The people of a whole running system, and the audit of its books."""

from collections.abc import Iterator

import pytest

from chassis.rpc import RpcClient
from deploy.audit.audit import Audit
from deploy.audit.reader import BooksByRpc
from deploy.demo.people import Company
from deploy.local.parts import AUDIT
from tests.system import System


@pytest.fixture(scope="module")
def company(system: System) -> Company:
    """Everybody of the story, signed in at first use."""
    return Company(system.url, system.passwords, system.advance_days, print)


@pytest.fixture(scope="module")
def books(system: System) -> Iterator[BooksByRpc]:
    with RpcClient(system.wiring.buses[AUDIT], AUDIT) as client:
        yield BooksByRpc(client)


@pytest.fixture
def audit(books: BooksByRpc) -> Audit:
    return Audit(books, second_look_seconds=0.5)
