"""The gateway's application: every route in one list, the middleware, the error handlers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import falcon

from chassis.database import Store
from chassis.errors import GendanError
from chassis.observe import set_up_logging
from gateway import errors, storage
from gateway.auth import Authenticator, StoredSecrets
from gateway.docs import Assets, Document, Page, Start
from gateway.endpoint import ActionFallback, Desk, Endpoint
from gateway.files import Files
from gateway.health import Health, Metrics, Readiness
from gateway.operations import Operation
from gateway.resources import (
    accounts,
    anomalies,
    arrivals,
    attachments,
    calendar,
    carriers,
    cases,
    contracts,
    customers,
    devices,
    documents,
    instructions,
    materials,
    order_page,
    orders,
    payments,
    prices,
    products,
    scans,
    session,
    settings,
    shipments,
    statements,
    stock,
    visits,
    work,
    work_centres,
)
from gateway.services import Services
from gateway.settings import Settings, from_environment
from gateway.surroundings import Surroundings

VERSION = "1.0.0"

OPERATIONS: Sequence[Operation] = (
    *session.OPERATIONS,
    *accounts.OPERATIONS,
    *devices.OPERATIONS,
    *settings.OPERATIONS,
    *calendar.OPERATIONS,
    *work.OPERATIONS,
    *orders.OPERATIONS,
    *order_page.OPERATIONS,
    *anomalies.OPERATIONS,
    *prices.OPERATIONS,
    *customers.OPERATIONS,
    *contracts.OPERATIONS,
    *payments.OPERATIONS,
    *products.OPERATIONS,
    *materials.OPERATIONS,
    *stock.OPERATIONS,
    *arrivals.OPERATIONS,
    *shipments.OPERATIONS,
    *scans.OPERATIONS,
    *carriers.OPERATIONS,
    *statements.OPERATIONS,
    *instructions.OPERATIONS,
    *work_centres.OPERATIONS,
    *cases.OPERATIONS,
    *visits.OPERATIONS,
    *documents.OPERATIONS,
    *attachments.OPERATIONS,
)


def create_app(
    settings: Settings | None = None,
    *,
    store: Store | None = None,
    services: Services | None = None,
    authenticator: Authenticator | None = None,
) -> falcon.App[Any, Any]:
    """Build the WSGI application from the environment; tests hand in its neighbours."""
    if settings is None:
        settings = from_environment()
        set_up_logging(
            "gateway", level=settings.process.log_level, form=settings.process.log_format
        )
    store = store or storage.open_store(settings.database_url)
    services = services or Services.over_the_bus(settings.process, settings.limits)
    app = falcon.App(middleware=[Surroundings(settings)])
    app.req_options.auto_parse_qs_csv = False
    app.req_options.strip_url_path_trailing_slash = False
    app.add_error_handler(Exception, errors.answer_bug)
    app.add_error_handler(falcon.HTTPError, errors.answer_http_error)
    app.add_error_handler(GendanError, errors.answer_refusal)
    authenticator = authenticator or StoredSecrets(store)
    files = Files(settings.attachments)
    _add_operations(app, Desk(store, services, authenticator, settings.limits, files))
    _add_surroundings(app, store, services)
    return app


def _add_operations(app: falcon.App[Any, Any], desk: Desk) -> None:
    by_address: dict[str, list[Operation]] = defaultdict(list)
    verbs: dict[str, set[str]] = defaultdict(set)
    for operation in OPERATIONS:
        by_address[operation.url].append(operation)
        noun, is_move, verb = operation.url.partition("/actions/")
        if is_move:
            verbs[noun].add(verb)
    for url, operations in by_address.items():
        app.add_route(url, Endpoint(operations, desk))
    for noun, known in verbs.items():
        app.add_route(f"{noun}/actions/{{verb}}", ActionFallback(known, desk))


def _add_surroundings(app: falcon.App[Any, Any], store: Store, services: Services) -> None:
    """Add what is not part of the API itself: its document, its figures, its health."""
    surroundings: Mapping[str, Any] = {
        "/api/v1/openapi.json": Document(OPERATIONS, VERSION),
        "/docs": Page(),
        "/docs/start.js": Start(),
        "/docs/{name}": Assets(),
        "/healthz": Health(),
        "/readyz": Readiness(store, services),
        "/metrics": Metrics(),
    }
    for url, resource in surroundings.items():
        resource.on_head = resource.on_get
        app.add_route(url, resource)
