"""The OpenAPI document is valid and says what the operations do."""

import json
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from marshmallow import Schema

from chassis.schema import Amount, Message, Moment, Price, Quantity
from gateway.app import OPERATIONS, VERSION
from gateway.openapi import document
from gateway.operations import PREFIX, PUBLIC, Answer, Operation
from tests.unit.gateway.neighbour import Gateway

METHODS = {"get", "post", "put", "patch", "delete"}


@cache
def written() -> Any:
    return document(OPERATIONS, version=VERSION)


def resolved(part: Any) -> Any:
    """Follow a reference inside the document; KeyError if it leads nowhere."""
    if set(part) != {"$ref"}:
        return part
    found: Any = written()
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [each for item in part.values() for each in references(item)]
    if isinstance(part, list):
        return [each for item in part for each in references(item)]
    return []


def test_every_schema_is_a_valid_json_schema() -> None:
    """OpenAPI 3.1's schemas are those of JSON Schema 2020-12."""
    for name, schema in written()["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        ), name


def test_every_reference_leads_somewhere() -> None:
    found = references(written())

    assert found
    for reference in found:
        assert resolved({"$ref": reference})


def test_the_document_has_every_operation_once() -> None:
    described = [
        (method.upper(), path)
        for path, methods in written()["paths"].items()
        for method in methods
        if method in METHODS
    ]

    assert sorted(described) == sorted((each.method, each.url) for each in OPERATIONS)
    ids = [each.name for each in OPERATIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_an_operation_says_what_it_needs_and_answers(operation: Operation) -> None:
    path = written()["paths"][operation.url]
    described = path[operation.method.lower()]
    parameters = {each["name"]: each for each in described.get("parameters", [])}

    in_path = {each["name"] for each in path.get("parameters", [])}
    assert in_path == {part[1:-1] for part in operation.path.split("/") if part.startswith("{")}
    assert all(each["required"] for each in path.get("parameters", []))
    assert ("Idempotency-Key" in parameters) == operation.takes_key
    assert ("If-Match" in parameters) == operation.versioned
    assert (described["security"] == []) == (operation.permission == PUBLIC)
    assert str(operation.status) in described["responses"]
    for status, response in described["responses"].items():
        assert resolved(response)["description"], status
        if int(status) >= 400:
            assert list(resolved(response)["content"]) == ["application/problem+json"]


def test_what_names_a_version_says_that_it_may_be_stale() -> None:
    """By If-Match or, where one command makes or replaces, in its body."""
    for operation in OPERATIONS:
        in_body = operation.body is not None and "expected_version" in operation.body().fields
        described = written()["paths"][operation.url][operation.method.lower()]
        assert ("412" in described["responses"]) == (operation.versioned or in_body), operation.name


def schema_of(schema: type[Schema]) -> Any:
    operation = Operation(
        method="POST", path="/things", rpc="orders.make", permission=PUBLIC, summary="-",
        tag="things", body=schema, answer=Answer,
    )  # fmt: skip
    components = document([operation], version="1")["components"]
    return components["schemas"][f"test_openapi.{schema.__name__}"]


class Priced(Message):
    """A thing with our own fields."""

    amount = Amount(required=True, least=0)
    price = Price(load_default=None, allow_none=True)
    quantity = Quantity(above=0)
    at = Moment()


def test_our_own_fields_are_written_as_they_are_on_the_wire() -> None:
    properties = schema_of(Priced)["properties"]

    assert properties == {
        "amount": {
            "type": "string", "format": "decimal", "pattern": r"^\d{1,13}(\.\d{1,2})?$",
        },
        "price": {
            "type": ["string", "null"], "format": "decimal", "default": None,
            "pattern": r"^-?\d{1,10}(\.\d{1,6})?$",
        },
        "quantity": {
            "type": "string", "format": "decimal", "pattern": r"^\d{1,12}(\.\d{1,3})?$",
        },
        "at": {"type": "string", "format": "date-time"},
    }  # fmt: skip


def test_problems_answered_are_as_declared(gateway: Gateway) -> None:
    problem = written()["components"]["schemas"]["Problem"]
    check = jsonschema_rs.validator_for(
        {**problem, "components": written()["components"]}, validate_formats=True
    )

    for answered in (
        gateway.get("/orders", query_string="limit=0"),
        gateway.get("/nowhere"),
        gateway.send("DELETE", "/orders/D1"),
        gateway.get("/orders/D1", role=None),
        gateway.get("/accounts", role="clerk"),
    ):
        assert answered.status_code >= 400
        check.validate(answered.json)


def test_the_document_and_its_reader_are_served_from_here(gateway: Gateway) -> None:
    served = gateway.get("/openapi.json", role=None)
    assert json.loads(served.text) == written()
    assert served.json["openapi"] == "3.1.0"

    page = gateway.client.simulate_get("/docs")
    assert page.status_code == 200
    for asset in ("/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js"):
        assert asset in page.text
        assert gateway.client.simulate_get(asset).status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text


@pytest.mark.parametrize("name", ["swagger-ui.js.map", "..%2f..%2fcore.py", "LICENSE"])
def test_only_the_readers_own_files_are_served(gateway: Gateway, name: str) -> None:
    assert gateway.client.simulate_get(f"/docs/{name}").status_code == 404


def test_addresses_stand_below_one_prefix() -> None:
    assert {each.url.startswith(PREFIX) for each in OPERATIONS} == {True}
