"""What the gateway sends is what the services read.

The gateway imports no service, so each message is written twice. Here both are imported and
held to each other: an operation's fields are those of the command behind it, what the service
must have the gateway demands, and what only the service knows is optional there.
"""

from typing import Any

import pytest
from marshmallow import Schema, fields

from gateway.app import OPERATIONS
from gateway.operations import Operation
from tests.contracts.declared import rpc_methods, schema_behind

ASKING = [operation for operation in OPERATIONS if operation.rpc]
# A question may be asked of a service in more ways than of the gateway: by id, for one.
CHANGING = [operation for operation in ASKING if operation.method != "GET"]

#: What nobody says, for the gateway knows it: an account's name.
ADDED = {"salesperson_name", "clerk_name"}


def wire_fields(schema: Schema | None) -> dict[str, fields.Field[Any]]:
    """Give a schema's fields by their names on the wire."""
    if schema is None:
        return {}
    return {field.data_key or name: field for name, field in schema.fields.items()}


def sent_by(operation: Operation) -> dict[str, fields.Field[Any] | None]:
    """Give all that reaches the service, by name; what has no schema of its own is None."""
    sent: dict[str, fields.Field[Any] | None] = {}
    sent |= wire_fields(operation.body() if operation.body else None)
    sent |= wire_fields(operation.query() if operation.query else None)
    sent |= {part[1:-1]: None for part in operation.path.split("/") if part.startswith("{")}
    if operation.versioned:
        sent["expected_version"] = None
    return sent


def nested_schema(field: fields.Field[Any] | None) -> Schema | None:
    if isinstance(field, fields.List):
        return nested_schema(field.inner)
    return field.schema if isinstance(field, fields.Nested) else None


@pytest.mark.parametrize("operation", ASKING, ids=lambda each: each.name)
def test_an_operation_asks_for_something_that_exists(operation: Operation) -> None:
    service, _, method = operation.rpc.partition(".")

    assert method in rpc_methods(service)


@pytest.mark.parametrize("operation", ASKING, ids=lambda each: each.name)
def test_what_is_sent_is_what_is_read(operation: Operation) -> None:
    sent, read = sent_by(operation), wire_fields(schema_behind(operation.rpc))

    assert set(sent) <= set(read)
    demanded = {name for name, field in read.items() if field.required} - ADDED
    assert demanded <= {name for name, field in sent.items() if field is None or field.required}


@pytest.mark.parametrize("operation", CHANGING, ids=lambda each: each.name)
def test_a_command_can_be_said_whole(operation: Operation) -> None:
    read = wire_fields(schema_behind(operation.rpc))

    # What is moved without If-Match has no version to be compared with.
    optional = set() if operation.versioned else {"expected_version"}
    assert set(sent_by(operation)) | optional | ADDED >= set(read)


@pytest.mark.parametrize("operation", ASKING, ids=lambda each: each.name)
def test_nested_messages_are_the_same(operation: Operation) -> None:
    pairs = [
        (name, nested_schema(field), nested_schema(wire_fields(schema_behind(operation.rpc))[name]))
        for name, field in sent_by(operation).items()
    ]

    while pairs:
        name, ours, theirs = pairs.pop()
        if ours is None or theirs is None:
            assert ours is theirs, name
            continue
        sent, read = wire_fields(ours), wire_fields(theirs)
        assert set(sent) == set(read) - ADDED, name
        pairs += [
            (f"{name}.{each}", nested_schema(sent[each]), nested_schema(read[each]))
            for each in sent
        ]
