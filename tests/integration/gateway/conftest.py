"""The gateway on its migrated database; the services are a neighbour at the RPC's name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import falcon.testing
import pytest

from chassis.database import Store
from chassis.principal import Principal
from gateway import accounts, storage
from gateway.app import create_app
from gateway.services import Services
from gateway.settings import Limits, Settings
from tests.unit.gateway.conftest import PROCESS
from tests.unit.gateway.neighbour import Neighbour

PASSWORD = "a-quiet-blue-teapot"
ADMIN = Principal("operator", "operator", frozenset({"admin"}))


@dataclass
class Office:
    """The API with people who can sign in."""

    client: falcon.testing.TestClient
    neighbour: Neighbour
    store: Store
    tokens: dict[str, str] = field(default_factory=dict)

    def person(self, username: str, *roles: str, password: str | None = PASSWORD) -> str:
        """Open an account; gives the password to sign in with."""
        with self.store.work(ADMIN) as work:
            _, one_time = accounts.add_account(
                work, username=username, display_name=username.title(), roles=roles,
                password=password,
            )  # fmt: skip
        return password or one_time or ""

    def sign_in(
        self, username: str, password: str = PASSWORD, **options: Any
    ) -> falcon.testing.Result:
        body = {"username": username, "password": password}
        return self.client.simulate_post("/api/v1/session", json=body, **options)

    def token(self, username: str) -> str:
        if username not in self.tokens:
            self.tokens[username] = self.sign_in(username).json["token"]
        return self.tokens[username]

    def send(
        self, method: str, path: str, json: Any = None, *, by: str | None = None,
        token: str | None = None, key: str | None = None, if_match: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> falcon.testing.Result:  # fmt: skip
        sent = dict(headers or {})
        if by or token:
            sent["Authorization"] = f"Bearer {token or self.token(by or '')}"
        if key:
            sent["Idempotency-Key"] = key
        if if_match is not None:
            sent["If-Match"] = f'"{if_match}"'
        options = {} if json is None else {"json": json}
        return self.client.simulate_request(method, f"/api/v1{path}", headers=sent, **options)

    def audit(self) -> list[dict[str, Any]]:
        """Give the log's entries, oldest first."""

        def read(work: Any) -> list[dict[str, Any]]:
            rows = storage.list_audit(work.session, after=None, limit=200, entity_type=None)
            return [dict(row._mapping) for row in reversed(rows)]

        return self.store.read(ADMIN, read)


@pytest.fixture
def office(database_factory: Callable[[str], str]) -> Iterator[Office]:
    url = database_factory("gateway")
    neighbour, limits = Neighbour(), Limits()
    store = storage.open_store(url, pool_size=12)
    app = create_app(
        Settings(PROCESS, limits, url, frozenset({"10.0.0.1"})),
        store=store,
        services=Services(neighbour, limits),
    )
    office = Office(falcon.testing.TestClient(app), neighbour, store)
    office.person("boss", "admin")
    yield office
    store.close()
