"""What surrounds every request: its id and address, safe headers, the access log, its figures."""

import re
import time
from uuid import uuid4

import falcon
import structlog
from prometheus_client import Histogram

from gateway.auth import ANYBODY
from gateway.errors import BadRequest
from gateway.settings import Settings

REQUEST_SECONDS = Histogram(
    "gendan_http_request_seconds", "Time a request took", ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip

_log = structlog.get_logger("access")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Surroundings:
    """Falcon middleware; the log says what was asked by whom, never what was sent."""

    def __init__(self, settings: Settings) -> None:
        self._trusted = settings.trusted_proxies

    def process_request(self, request: falcon.Request, response: falcon.Response) -> None:
        given = request.get_header("X-Request-Id") or ""
        context = request.context
        context.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        context.began = time.monotonic()
        context.address = self._address(request)
        context.caller = ANYBODY
        structlog.contextvars.bind_contextvars(request_id=context.request_id)
        response.set_header("X-Request-Id", context.request_id)
        response.set_header("X-Content-Type-Options", "nosniff")
        response.set_header("Referrer-Policy", "no-referrer")
        response.set_header("Cache-Control", "no-store")
        if "HTTP_HOST" not in request.env and request.env["SERVER_PROTOCOL"] == "HTTP/1.1":
            # RFC 9112 §3.2: two servers would each take it for their own.
            raise BadRequest(why="it names no host", why_zh="未指明主机")

    def process_response(
        self,
        request: falcon.Request,
        response: falcon.Response,
        *_found: object,
    ) -> None:
        context = request.context
        seconds = time.monotonic() - context.began
        # A path that has no route, and a method that nobody knows, are anybody's text: they must
        # not become names of figures, which are kept for ever.
        route = request.uri_template or "none"
        method = request.method if request.method in falcon.HTTP_METHODS else "other"
        REQUEST_SECONDS.labels(method, route, response.status_code).observe(seconds)
        principal = context.caller.principal
        _log.info(
            "request",
            method=request.method,
            # Without the query, in which people search for names and phones.
            path=request.path[:200],
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            person_id=principal.person_id,
            # Not "address": fields of that name are masked as people's.
            client=context.address,
        )
        structlog.contextvars.clear_contextvars()

    def _address(self, request: falcon.Request) -> str:
        """Give who asks: the nearest of X-Forwarded-For that is no proxy of ours.

        Each proxy appends who asked it, so what stands further left is anybody's word.
        """
        address = request.remote_addr
        if address not in self._trusted:
            return address[:60]
        forwarded = (request.get_header("X-Forwarded-For") or "").split(",")
        for candidate in reversed([entry.strip() for entry in forwarded if entry.strip()]):
            address = candidate
            if candidate not in self._trusted:
                break
        return address[:60]
