"""The one Falcon resource: reads a request, checks its permission, calls, answers."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import falcon

from chassis.database import Store
from chassis.notation import to_json
from gateway import attachments, audit, permissions, reading
from gateway.auth import ANYBODY, Authenticator, Caller, PasswordChangeNeeded
from gateway.calls import Call
from gateway.errors import ActionUnknown
from gateway.files import Files
from gateway.operations import FILE, JSON, PREFIX, PUBLIC, SIGNED_IN, Operation
from gateway.services import Services
from gateway.settings import Limits

_HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
)


class Desk:
    """What every endpoint works with: one for the process."""

    def __init__(
        self,
        store: Store,
        services: Services,
        authenticator: Authenticator,
        limits: Limits,
        files: Files,
    ) -> None:
        self.store = store
        self.services = services
        self.authenticator = authenticator
        self.limits = limits
        self.files = files


class Endpoint:
    """All methods of one address."""

    def __init__(self, operations: Iterable[Operation], desk: Desk) -> None:
        for operation in operations:
            # Falcon finds the methods of an address by these names.
            responder = _Responder(operation, desk)
            setattr(self, f"on_{operation.method.lower()}", responder)
            if operation.method == "GET":
                # RFC 9110 §9.3.2: the same answer; Falcon leaves its body out.
                self.on_head = responder


class ActionFallback:
    """Answers POST …/actions/{verb} for a verb that does not exist."""

    def __init__(self, verbs: Iterable[str], desk: Desk) -> None:
        self._verbs = sorted(verbs)
        self._desk = desk

    def on_post(
        self, request: falcon.Request, _response: falcon.Response, *, verb: str, **_params: str
    ) -> None:
        self._desk.authenticator.caller_of(request)
        raise ActionUnknown(verb=verb[:40], allowed=", ".join(self._verbs))


class _Responder:
    """One operation at work."""

    def __init__(self, operation: Operation, desk: Desk) -> None:
        self._operation = operation
        self._desk = desk
        self._body = operation.body() if operation.body else None
        query = operation.query_schema()
        self._query = query() if query else None
        self._names_files = attachments.fields_of(self._body)

    def __call__(self, request: falcon.Request, response: falcon.Response, **params: str) -> None:
        operation = self._operation
        caller = self._allowed_caller(request)
        reading.check_accept(request, operation.media)
        call = self._call(request, caller, params)
        if self._names_files:
            attachments.check_they_exist(call, self._names_files)
        if operation.complete:
            call = operation.complete(call)
        answer = operation.do(call) if operation.do else call.ask(operation.rpc, call.request())
        if call.unmask is not None:
            audit.log_unmasking(call, request.path)
        self._answer(response, call.seen(answer, shipments=operation.shipments))

    def _allowed_caller(self, request: falcon.Request) -> Caller:
        operation = self._operation
        if operation.permission == PUBLIC:
            return ANYBODY
        caller = self._desk.authenticator.caller_of(request)
        # Set before the check: a refusal is logged, and its details masked, as the caller's.
        request.context.caller = caller
        if caller.must_change_password and not operation.with_stale_password:
            raise PasswordChangeNeeded
        if operation.permission != SIGNED_IN:
            permissions.require(caller.principal, operation.permission)
        return caller

    def _call(self, request: falcon.Request, caller: Caller, params: Mapping[str, str]) -> Call:
        operation, limits = self._operation, self._desk.limits
        path = reading.path_values(request, params)
        query = reading.query(request, self._query, limits)
        unmask = query.pop("unmask", None)
        if unmask is not None:
            permissions.require(caller.principal, permissions.UNMASK)
        key = None
        if operation.takes_key:
            key = reading.idempotency_key(request, required=operation.needs_key)
        expected_version = reading.expected_version(request) if operation.versioned else None
        has_body = operation.method not in ("GET", "DELETE") and not operation.takes_file
        body, loaded = reading.body(request, self._body, limits) if has_body else ({}, {})
        return Call(
            caller=caller,
            store=self._desk.store,
            services=self._desk.services,
            files=self._desk.files,
            limits=limits,
            deadline=self._desk.services.deadline(),
            path=path,
            query=query,
            unmask=unmask,
            key=key,
            expected_version=expected_version,
            body=body,
            loaded=loaded,
            file=reading.sent_file(request) if operation.takes_file else None,
            address=request.context.address,
            user_agent=(request.user_agent or "")[:200],
        )

    def _answer(self, response: falcon.Response, answer: Any) -> None:
        operation = self._operation
        response.status = operation.status
        if operation.status == HTTPStatus.NO_CONTENT:
            return
        if operation.media == FILE:
            _send_file(response, answer)
            return
        if operation.media != JSON:
            response.content_type = f"{operation.media}; charset=utf-8"
            response.text = answer
            response.set_header("Content-Security-Policy", _HTML_POLICY)
            return
        response.data = to_json(answer)
        response.content_type = JSON
        if not isinstance(answer, dict):
            return
        version = answer.get("version")
        if isinstance(version, int):
            response.set_header("ETag", f'"{version}"')
        if operation.location:
            response.location = PREFIX + operation.location.format_map(answer)


def _send_file(response: falcon.Response, kept: attachments.KeptFile) -> None:
    """Send a file so that no browser shows or runs it in our name (RFC 6266)."""
    response.content_type = kept.media_type
    response.set_stream(kept.stream, kept.size)
    plain = f"{kept.hash[:12]}{kept.name[kept.name.rindex('.') :]}"
    response.set_header(
        "Content-Disposition",
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(kept.name, safe='')}",
    )
    response.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
    # What has this hash is this for ever; but whether the caller may see it is asked again.
    response.set_header("ETag", f'"{kept.hash}"')
