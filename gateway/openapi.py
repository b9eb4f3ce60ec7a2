"""The OpenAPI 3.1 document, read from the declared operations and nothing else."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from marshmallow import Schema, fields

from chassis.schema import Amount, Moment, Percent, Price, Quantity
from gateway.errors import PROBLEM
from gateway.file_kinds import Kind
from gateway.operations import FILE, JSON, PUBLIC, SIGNED_IN, Answer, Operation
from gateway.permissions import TABLE
from gateway.reading import KEY, PATH_VALUE

_DECIMALS = (Amount, Price, Quantity, Percent)

_BYTES = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "properties": {"file": _BYTES}, "required": ["file"]}
_FILE_BODY = {
    "required": True,
    "content": {
        **{kind.value: {"schema": _BYTES} for kind in Kind},
        "multipart/form-data": {"schema": _FORM},
    },
}

DESCRIPTION = """\
Amounts, prices and quantities are decimal strings, times RFC 3339, business dates those of
Asia/Shanghai. Sign in with `POST /api/v1/session` and send `Authorization: Bearer <token>`;
a scanner sends `Authorization: Device <key>`.

Every POST that changes something needs an `Idempotency-Key`: sent again with the same key and
body it gets the same answer and is done once. Edits and moves need `If-Match` with the ETag of
what was read. Refusals are problem documents (RFC 9457) with a stable `code`.
"""


class FieldProblem(Answer):
    """What is wrong with one field."""

    field = fields.String(required=True)
    messages = fields.List(fields.String(), required=True)


class Problem(Answer):
    """A refusal (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "stable; what programs read"})
    detail = fields.String(required=True)
    detail_zh = fields.String(required=True)
    instance = fields.String(required=True)
    request_id = fields.String(required=True)
    details = fields.Dict(required=True, metadata={"description": "the facts, by name"})
    errors = fields.List(fields.Nested(FieldProblem))


def document(operations: Sequence[Operation], *, version: str) -> dict[str, Any]:
    """Give the OpenAPI document of `operations`."""
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(
        title="Gendan 跟单",
        version=version,
        openapi_version="3.1.0",
        info={"description": DESCRIPTION},
        plugins=[plugin],
    )
    _teach_fields(plugin)
    spec.components.security_scheme(
        "session", {"type": "http", "scheme": "bearer", "description": "a person's session"}
    )
    spec.components.security_scheme(
        "device",
        {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "a scanner's key: `Device <key>`",
        },
    )
    for status in sorted(set[int]().union(*map(problem_statuses, operations))):
        spec.components.response(f"Problem{status}", _problem_response(status))
    for operation in operations:
        spec.path(
            path=operation.url,
            operations={operation.method.lower(): _described(operation)},
            parameters=_path_parameters(operation.path),
        )
    for tag in sorted({operation.tag for operation in operations}):
        spec.tag({"name": tag})
    written: dict[str, Any] = spec.to_dict()
    return written


def _teach_fields(plugin: MarshmallowPlugin) -> None:
    """Say how our own fields look: as they are on the wire, not as apispec guesses.

    apispec takes a Decimal for a JSON number, and would write the bounds of its validators as
    strings beside it, which is no valid document.
    """
    # apispec's converter carries no types.
    converter: Any = plugin.converter
    for decimal in _DECIMALS:
        converter.map_to_openapi_type(decimal, "string", "decimal")
    converter.map_to_openapi_type(Moment, "string", "date-time")
    converter.map_to_openapi_type(fields.Date, "string", "date")

    def own_fields(
        _converter: object, field: fields.Field[Any], **_kwargs: object
    ) -> dict[str, Any]:
        if isinstance(field, _DECIMALS):
            least = field.above if field.least is None else field.least
            sign = "-?" if least is None or least < 0 else ""
            places = field.decimals
            whole = len(f"{field.limit:f}") - 1
            return {"pattern": rf"^{sign}\d{{1,{whole}}}(\.\d{{1,{places}}})?$"}
        return {}

    converter.add_attribute_function(own_fields)


def _schema_name(schema: type[Schema] | Schema) -> str:
    """Name a schema by its noun and class: two nouns may each have a `Line`.

    One whose fields may all be left out, for edits, is another schema than the class's own.
    """
    resolved = resolve_schema_cls(schema)
    found: Any = resolved[0] if isinstance(resolved, list) else resolved
    noun = found.__module__.rpartition(".")[2]
    name = found.__name__ + ("Changes" if isinstance(schema, Schema) and schema.partial else "")
    return name if noun in ("operations", "openapi") else f"{noun}.{name}"


def _path_parameters(path: str) -> list[dict[str, Any]]:
    shape = {"type": "string", "pattern": f"^{PATH_VALUE.pattern}$"}
    return [
        {"in": "path", "name": name, "required": True, "schema": shape}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _described(operation: Operation) -> dict[str, Any]:
    description: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": _security(operation),
        "responses": _responses(operation),
    }
    parameters: list[Any] = _headers(operation)
    query = operation.query_schema()
    if query is not None:
        parameters.append({"in": "query", "schema": query})
    if parameters:
        description["parameters"] = parameters
    if operation.permission in TABLE:
        roles = ", ".join(sorted(TABLE[operation.permission]))
        description["description"] = f"Permission `{operation.permission}`: {roles}."
    if operation.body is not None:
        description["requestBody"] = {
            "required": any(field.required for field in operation.body().fields.values()),
            "content": {JSON: {"schema": operation.body}},
        }
    if operation.takes_file:
        description["requestBody"] = _FILE_BODY
    return description


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.permission == PUBLIC:
        return []
    roles = TABLE.get(operation.permission, frozenset())
    return [{"session": []}, {"device": []}] if "scanner" in roles else [{"session": []}]


def _headers(operation: Operation) -> list[dict[str, Any]]:
    headers = []
    if operation.takes_key:
        headers.append(
            {
                "in": "header",
                "name": "Idempotency-Key",
                "required": operation.needs_key,
                "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
                "description": "yours to choose, one for each thing to be done once",
            }
        )
    if operation.versioned:
        headers.append(
            {
                "in": "header",
                "name": "If-Match",
                "required": True,
                "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
                "description": "the ETag of what was read",
            }
        )
    return headers


def _responses(operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.media == FILE:
        success["content"] = {kind.value: {"schema": _BYTES} for kind in Kind}
        success["headers"] = {"Content-Disposition": {"schema": {"type": "string"}}}
    elif operation.media != JSON:
        success["content"] = {operation.media: {"schema": {"type": "string"}}}
    elif operation.answer is not None:
        success["content"] = {JSON: {"schema": operation.answer}}
        if "version" in operation.answer().fields:
            success["headers"] = {
                "ETag": {"schema": {"type": "string"}, "description": "for If-Match"}
            }
    responses: dict[str, Any] = {str(int(operation.status)): success}
    for status in sorted(problem_statuses(operation)):
        responses[str(status)] = f"Problem{status}"
    return responses


def problem_statuses(operation: Operation) -> set[int]:
    """Give the statuses of the problems that an operation can answer."""
    statuses = {400, 406, 414, 422, 500, 503, *operation.problems}
    if operation.permission != PUBLIC:
        statuses |= {401, 403}
    if operation.permission not in (PUBLIC, SIGNED_IN):
        # What an address, a query or a body names may not be there.
        statuses.add(404)
    if operation.method not in ("GET", "DELETE"):
        statuses |= {409, 413, 415}
    if operation.method == "DELETE":
        statuses.add(409)
    if operation.versioned:
        statuses |= {412, 428}
    return statuses


def _problem_response(status: int) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM: {"schema": Problem}},
    }
    if status in (429, 503):
        response["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}
        }
    return response
