"""Whether the gateway lives, whether it can work, and its figures."""

import os
import time
from collections.abc import Iterator
from typing import Any

import falcon
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Metric, generate_latest
from sqlalchemy import select

from chassis.database import Store, Work
from chassis.errors import GendanError
from chassis.principal import Principal
from gateway.services import NAMES, Services

_PROBE = Principal("gateway", "gateway", kind="service")
_PROBE_SECONDS = 2.0
# Load balancers ask often, and each probe asks every service.
_KEPT_SECONDS = 1.0


class Health:
    """GET /healthz: this process answers."""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        response.media = {"status": "ok"}


class _OfThisWorker:
    """The figures of this process under its own name.

    Any of the workers may be asked: under one name together they would go up and down.
    """

    def collect(self) -> Iterator[Metric]:
        worker = {"worker": str(os.getpid())}
        for figure in REGISTRY.collect():
            named = Metric(figure.name, figure.documentation, figure.type, figure.unit)
            named.samples = [
                sample._replace(labels=sample.labels | worker) for sample in figure.samples
            ]
            yield named


class Metrics:
    """GET /metrics: figures of one worker, for Prometheus."""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        response.content_type = CONTENT_TYPE_LATEST
        response.data = generate_latest(_OfThisWorker())


class Readiness:
    """GET /readyz: 200 while the database and the services answer.

    Without the database or the broker nothing works here: 503. A service that is away is
    named, but the others are still to be reached through this gateway.
    """

    def __init__(self, store: Store, services: Services) -> None:
        self._store = store
        self._services = services
        self._found: tuple[float, dict[str, Any]] = (float("-inf"), {})

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        found_at, parts = self._found
        if time.monotonic() - found_at > _KEPT_SECONDS:
            parts = self._probe()
            self._found = (time.monotonic(), parts)
        answered = any(parts[name] == "ok" for name in NAMES)
        is_ready = parts["database"] == "ok" and answered
        response.status = falcon.HTTP_200 if is_ready else falcon.HTTP_503
        if not is_ready:
            response.set_header("Retry-After", "2")
        response.media = {"status": "ready" if is_ready else "not ready", "parts": parts}

    def _probe(self) -> dict[str, Any]:
        deadline = time.time() + _PROBE_SECONDS
        nothing: dict[str, Any] = {}
        questions = [(f"{name}.list_settings", nothing) for name in NAMES]
        services = self._services.ask_all(questions, _PROBE, deadline=deadline)
        answers = dict(zip(NAMES, services, strict=True))
        return {
            "database": self._database(),
            **{name: _state(answer) for name, answer in answers.items()},
        }

    def _database(self) -> str:
        def ask(work: Work) -> None:
            work.session.execute(select(1))

        try:
            self._store.read(_PROBE, ask)
        except GendanError as refusal:
            return refusal.code
        return "ok"


def _state(answer: Any) -> str:
    """Say whether a service answered: a refusal is an answer, silence is none."""
    silent = isinstance(answer, GendanError) and answer.family == "Unavailable"
    return answer.code if silent else "ok"
