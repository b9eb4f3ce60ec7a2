"""How a process is watched: its log, its figures, its health.

Logs are structured and carry no secrets: fields with telling names and passwords inside URLs
are masked before anything is written. Figures and health are served on loopback only.
"""

import logging
import logging.config
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

if "rich" not in sys.modules:
    # structlog loads rich if it can: 7 MB in every service for coloured tracebacks.
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog
    finally:
        del sys.modules["rich"]
else:
    import structlog

_log = logging.getLogger(__name__)

# Figures -------------------------------------------------------------------------------------

RPC_CALLS = Counter(
    "gendan_rpc_calls", "Calls made, by outcome (ok or the error's code)",
    ["service", "method", "outcome"],
)  # fmt: skip
RPC_LATE_REPLIES = Counter("gendan_rpc_late_replies", "Replies whose caller had given up")
RPC_SERVED = Counter(
    "gendan_rpc_served", "Requests answered, by outcome (ok or the error's code)",
    ["method", "outcome"],
)  # fmt: skip
RPC_EXPIRED = Counter("gendan_rpc_expired", "Requests not started, their deadline had passed")
RPC_REJECTED = Counter("gendan_rpc_rejected", "Requests that could not be read or answered")
RPC_REPLIES_DROPPED = Counter("gendan_rpc_replies_dropped", "Replies that could not be sent")
WORK_SECONDS = Histogram(
    "gendan_work_seconds", "Time an entrypoint took", ["method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
WORKERS_BUSY = Gauge("gendan_workers_busy", "Entrypoints running now")
HUB_LAG = Gauge("gendan_hub_lag_seconds", "How late the event loop woke at its last look")

# Log -----------------------------------------------------------------------------------------

MASK = "***"
_SECRET_FIELDS = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|authorization|cookie|api_?key|credential", re.IGNORECASE
)
_PERSONAL_FIELDS = re.compile(r"^(phone|mobile|address|consignee_phone|email)$", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):[^@/\s]+(?=@)")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_MAX_DEPTH = 6


def masked(value: Any, depth: int = 0) -> Any:
    """Give `value` without secrets: by the names of its fields and by the shape of its text."""
    if isinstance(value, str):
        return _BEARER.sub(rf"\1 {MASK}", _URL_PASSWORD.sub(rf"\1:{MASK}", value))
    if depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {
            name: MASK if _is_secret(name) else masked(item, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(item, depth + 1) for item in value]
    return value


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and bool(
        _SECRET_FIELDS.search(name) or _PERSONAL_FIELDS.match(name)
    )


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {
        name: value if name.startswith("_") else (MASK if _is_secret(name) else masked(value))
        for name, value in event.items()
    }


def set_up_logging(process: str, *, level: str = "INFO", form: str = "json") -> None:
    """Write one line per entry to standard error, as JSON or for people.

    Takes over the standard library's logging, so that the libraries' entries look the same.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _name_the_process(process),
    ]
    last: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _mask,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *shared],
                    "processors": last,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level},
            # Their INFO and DEBUG tell of their own insides, per message and heartbeat.
            "loggers": {name: {"level": "WARNING"} for name in ("amqp", "kombu", "nameko")},
        }
    )


def _name_the_process(process: str) -> Any:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
        event["process"] = process
        return event

    return add


# Health --------------------------------------------------------------------------------------


def serve_figures(port: int, is_healthy: Callable[[], bool]) -> int:
    """Serve /metrics and /healthz on loopback from a thread; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        # A client that sends half a request must not keep a thread.
        timeout: ClassVar[float] = 5.0

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
            elif self.path == "/healthz":
                healthy = is_healthy()
                text = b"ok\n" if healthy else b"not serving\n"
                self._answer(200 if healthy else 503, "text/plain; charset=utf-8", text)
            else:
                self._answer(404, "text/plain; charset=utf-8", b"not found\n")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            _log.debug("figures: %s", args)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(60.0,), name="figures", daemon=True).start()
    return int(server.server_address[1])


class HubProbe:
    """Measures how late the event loop wakes who sleeps, and tells when that is too late."""

    ALARM_SECONDS = 1.0

    def __init__(self, every: float = 0.5) -> None:
        self._every = every
        #: When the hub last ran, on the monotonic clock; a watchdog outside the hub reads it.
        self.last_ran = time.monotonic()

    def run(self) -> None:
        """Look for ever; to be run in a green thread."""
        while True:
            began = time.monotonic()
            time.sleep(self._every)
            self.last_ran = time.monotonic()
            lag = max(0.0, self.last_ran - began - self._every)
            HUB_LAG.set(lag)
            if lag > self.ALARM_SECONDS:
                _log.warning("the hub was blocked for %.1f seconds", lag)
