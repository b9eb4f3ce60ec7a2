"""The gateway with a fake neighbour at the RPC's name; its database is not there."""

import falcon.testing
import pytest

from chassis import settings as chassis_settings
from gateway import storage
from gateway.app import create_app
from gateway.services import Services
from gateway.settings import Limits, Settings
from tests.unit.gateway.neighbour import Gateway, NamedCallers, Neighbour

PROCESS = chassis_settings.Settings(
    amqp_url="amqp://nobody@127.0.0.1:1//",
    database_url=None,
    service="gateway",
    profile=chassis_settings.TRYOUT,
    log_level="WARNING",
    log_format="json",
    metrics_port=None,
    ready_file=None,
    max_workers=10,
    heartbeat_seconds=10,
    grace_seconds=25,
    watchdog_seconds=120,
    rpc_max_pending=500,
    amqp_ca_file=None,
)
NO_DATABASE = "postgresql+psycopg2://nobody@127.0.0.1:1/none"


@pytest.fixture(scope="session")
def standing() -> Gateway:
    """The application, whose routes take longer to compile than a test to run."""
    neighbour, limits = Neighbour(), Limits()
    app = create_app(
        Settings(PROCESS, limits, NO_DATABASE, frozenset()),
        store=storage.open_store(NO_DATABASE),
        services=Services(neighbour, limits),
        authenticator=NamedCallers(),
    )
    return Gateway(falcon.testing.TestClient(app), neighbour)


@pytest.fixture
def gateway(standing: Gateway) -> Gateway:
    """The application with a neighbour that knows nothing yet."""
    standing.neighbour.forget()
    return standing
