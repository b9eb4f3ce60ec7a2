"""The whole OpenAPI document against the running system, with what it allows and what not.

Bounded by examples and by time: operations come in an order drawn anew in each run, so that
over the runs all have their turn, also on a slow machine; `--hypothesis-profile long` asks all
of them, and more of each. The seed is in the failure.
"""

import random
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from deploy.demo import gates
from deploy.demo.people import Company
from deploy.demo.world import World
from tests.system import System

IS_LONG = settings.get_current_profile_name() == "long"  # tests/conftest.py
# What is wrong with one operation is mostly so with each example: many operations find more.
SECONDS, EXAMPLES = (3600.0, 20) if IS_LONG else (75.0, 2)
ROLES = ("clerk", "supervisor", "finance", "director", "planner", "technician", "warehouse",
         "dispatcher", "assistant", "aftersales", "inspector", "admin", "sales")  # fmt: skip
_POSITIVE = GenerationMode.POSITIVE
# These end the sessions of whom they are asked by, and with them the test.
ENDS_SESSIONS = ("/session", "/sessions")
# Left out, each for its reason: rules beyond a schema make good data a 422; the checks of
# several requests need a state machine; signing in is asked by tests of its own.
LEFT_OUT = {
    "positive_data_acceptance",
    "use_after_free",
    "ensure_resource_availability",
    "object_level_authorization",
    "ignored_auth",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
}
# Bad data may be refused for a stale version or a query too long before its fields are read.
CONFIG = {"checks": {"negative_data_rejection": {"expected-statuses": ["4XX"]}}}

load_all_checks()
KEPT = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in LEFT_OUT]


@pytest.fixture(scope="module")
def known(company: Company) -> Mapping[str, list[str]]:
    """Numbers and codes that stand for something, by the names of path parameters."""
    gates.price_below_scheme(World.new(company))
    listed = {
        "order_number": ("/orders", "number"),
        "customer_code": ("/customers", "code"),
        "product_code": ("/products", "code"),
        "material_code": ("/materials", "code"),
        "payment_number": ("/payments", "number"),
        "shipment_number": ("/shipments", "number"),
        "number": ("/instructions", "number"),
    }
    found = {
        name: [str(item[field]) for item in company.clerk.get(path)["items"] if field in item]
        for name, (path, field) in listed.items()
    }
    return {
        **found,
        "kind": ["technique", "material", "schedule"],
        "service": ["orders", "customers", "inventory", "shipping", "aftersales", "gateway"],
        "username": ["clerk"],
    }


def findings(
    operation: Any, system: System, company: Company, known: Mapping[str, list[str]], draw: int
) -> Iterator[str]:
    """Ask one operation in every mode; give a sentence for each promise it breaks."""
    chance = random.Random(draw)
    told: dict[tuple[object, ...], str] = {}
    session = requests.Session()
    for mode in (_POSITIVE, GenerationMode.NEGATIVE):

        @seed(f"{draw} {operation.label}")
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            for name in case.path_parameters or {}:
                if (
                    known.get(name)
                    and case.meta.generation.mode is _POSITIVE
                    and chance.random() < 0.7
                ):
                    case.path_parameters[name] = chance.choice(known[name])
            role = chance.choice(ROLES)
            response = case.call(
                base_url=system.url,
                headers=company.person(role).headers,
                session=session,
                timeout=30,
            )
            if response.status_code == 503 and "Retry-After" in response.headers:
                return  # a busy machine, told as such
            for check in KEPT:
                try:
                    case.validate_response(response, checks=[check])
                except BaseExceptionGroup as failures:
                    for failure in failures.exceptions:
                        told[check, response.status_code] = (
                            f"{operation.label} as {role} ({check.__name__}, "
                            f"{response.status_code}): {failure} {case.as_curl_command()[-600:]}"
                        )

        ask()
    yield from told.values()


def test_the_api_answers_as_its_document_says(
    system: System, company: Company, known: Mapping[str, list[str]]
) -> None:
    draw = random.SystemRandom().randrange(10**6)
    schema = schemathesis.openapi.from_url(
        f"{system.url}/api/v1/openapi.json", config=schemathesis.Config.from_dict(CONFIG)
    )
    every = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    operations = [
        each
        for each in every
        if each.path.removeprefix("/api/v1") not in ENDS_SESSIONS
        and not (each.path.startswith("/api/v1/accounts") and each.method.upper() != "GET")
    ]
    random.Random(draw).shuffle(operations)
    told: list[str] = []
    asked = 0
    until = time.monotonic() + SECONDS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for operation in operations:
            if time.monotonic() > until:
                break
            asked += 1
            told += findings(operation, system, company, known, draw)

    assert asked > 0, "no operation was asked"
    assert len(operations) > 200
    assert told == [], f"seed {draw}, {asked} of {len(operations)} operations:\n" + "\n".join(told)
