"""A neighbour at the RPC's name, callers known by the roles they spell, and the API between."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import falcon
import falcon.testing

from chassis.errors import GendanError
from chassis.principal import Principal
from gateway.auth import Caller
from gateway.errors import Unauthenticated


@dataclass(frozen=True)
class Asked:
    """A question that reached a service."""

    rpc: str
    body: Mapping[str, Any]
    principal: Mapping[str, Any]
    key: str | None
    deadline: float


class Neighbour:
    """Stands where the services stand, at the RPC's name."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[Asked] = []

    def forget(self) -> None:
        self.answers.clear()
        self.asked.clear()

    def call(
        self,
        service: str,
        method: str,
        body: Any,
        *,
        principal: Mapping[str, Any],
        key: str | None = None,
        deadline: float,
    ) -> Any:
        rpc = f"{service}.{method}"
        self.asked.append(Asked(rpc, body, principal, key, deadline))
        answer = self.answers[rpc]
        if callable(answer):
            answer = answer(body)
        if isinstance(answer, Exception):
            raise answer
        # What crosses the bus is a copy.
        return json.loads(json.dumps(answer))


class NamedCallers:
    """Takes a token for the roles it spells: `Bearer clerk+finance`."""

    def caller_of(self, request: falcon.Request) -> Caller:
        kind, _, name = (request.auth or "").partition(" ")
        if kind == "Device":
            return Caller(
                Principal("device:SCAN-1", "扫描枪", frozenset({"scanner"}), kind="device"), "hash"
            )
        if kind != "Bearer" or not name:
            raise Unauthenticated
        roles, _, flags = name.partition("!")
        return Caller(
            Principal(f"p-{roles}", roles, frozenset(roles.split("+"))),
            "hash",
            username=roles,
            must_change_password=flags == "stale",
        )


@dataclass
class Gateway:
    """The API as a caller meets it."""

    client: falcon.testing.TestClient
    neighbour: Neighbour
    prefix: str = field(default="/api/v1")

    @property
    def asked(self) -> list[Asked]:
        return self.neighbour.asked

    def answer(self, rpc: str, answer: Any) -> None:
        """Let a service answer this (or what a function of the body gives)."""
        self.neighbour.answers[rpc] = answer

    def refuse(self, rpc: str, error: GendanError) -> None:
        self.neighbour.answers[rpc] = error

    def get(
        self, path: str, *, role: str | None = "clerk", **options: Any
    ) -> falcon.testing.Result:
        return self.send("GET", path, role=role, **options)

    def post(
        self, path: str, json: Any = None, *, role: str | None = "clerk", key: str | None = "k1",
        if_match: object = None, **options: Any,
    ) -> falcon.testing.Result:  # fmt: skip
        return self.send("POST", path, json, role=role, key=key, if_match=if_match, **options)

    def send(
        self, method: str, path: str, json: Any = None, *, role: str | None = "clerk",
        key: str | None = None, if_match: object = None,
        headers: Mapping[str, str] | None = None, **options: Any,
    ) -> falcon.testing.Result:  # fmt: skip
        sent = dict(headers or {})
        if role is not None:
            sent.setdefault("Authorization", f"Bearer {role}")
        if key is not None:
            sent["Idempotency-Key"] = key
        if if_match is not None:
            sent["If-Match"] = f'"{if_match}"' if isinstance(if_match, int) else str(if_match)
        if json is not None:
            options["json"] = json
        path = path if path.startswith(self.prefix) else self.prefix + path
        return self.client.simulate_request(method, path, headers=sent, **options)
