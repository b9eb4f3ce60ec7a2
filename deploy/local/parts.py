"""The programs Gendan is made of, each with exactly the environment it needs."""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psycopg2

from deploy.local.broker import Permission, TopicPermission
from deploy.local.databases import GATEWAY, SERVICES, for_sqlalchemy
from deploy.local.engines import AMQP_VARIABLE, CONTROL_VARIABLE, PG_VARIABLE
from deploy.local.places import CHECKOUT
from deploy.local.processes import Program

RELAY = "relay"
AUDIT = "audit"
BUS_USERS = (*SERVICES, RELAY, GATEWAY, AUDIT)
ADMINISTRATORS = (PG_VARIABLE, AMQP_VARIABLE, CONTROL_VARIABLE)
METRICS_VARIABLE = "GENDAN_METRICS_PORT"
GRACE_VARIABLE = "GENDAN_GRACE_SECONDS"
RPC_EXCHANGE = "nameko-rpc"
# Who calls whom; gateway and relay ask every service.
CALLS = {
    "orders": ("customers", "inventory", "shipping"),
    "shipping": ("customers", "inventory"),
    GATEWAY: SERVICES,
    RELAY: SERVICES,
}
# The audit reads books, asks for repairs, raises anomalies, and may call nothing else.
AUDIT_CALLS = (
    "audit_books",
    "listening",
    "missing_messages",
    "send_again",
    "take_up_now",
    "announce_again",
    "raise_anomaly",
)
REPLY_QUEUE = r"rpc\.reply-.+"
# Where an answer goes: to a queue of ours by its name, to one of nameko's own clients by a UUID.
REPLY_KEY = rf"{REPLY_QUEUE}|[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"
# What a child may inherit from us; everything else it is told by name.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Wiring:
    """Where everything is for one running system: what each part is told.

    `databases` are libpq addresses by part, `buses` AMQP addresses by user.
    """

    databases: Mapping[str, str]
    buses: Mapping[str, str]
    logs: Path
    run: Path
    profile: str = "tryout"
    clock_file: Path | None = None
    #: Where the gateway keeps attachments' bytes; None: it keeps none.
    attachments: Path | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def on_one_vhost(
        cls,
        *,
        bus: str,
        databases: Mapping[str, str],
        logs: Path,
        run: Path,
        clock_file: Path | None = None,
    ) -> Self:
        """Wire parts that share one AMQP user, as tests and given brokers do."""
        return cls(databases, dict.fromkeys(BUS_USERS, bus), logs, run, clock_file=clock_file)

    def environment(self, part: str) -> dict[str, str]:
        """Return the whole environment of one part's process."""
        told = {name: os.environ[name] for name in INHERITED if name in os.environ}
        told |= tuning(os.environ)
        told |= {
            "PYTHONUNBUFFERED": "1",
            # glibc gives each thread an arena of its own that never shrinks: a gateway of 24
            # threads would keep hundreds of megabytes of freed memory.
            "MALLOC_ARENA_MAX": "2",
            "GENDAN_AMQP_URL": self.buses[part],
            "GENDAN_SERVICE": part,
            "GENDAN_PROFILE": self.profile,
        }
        if part in self.databases:
            told["GENDAN_DATABASE_URL"] = for_sqlalchemy(self.databases[part])
        if self.clock_file and self.profile == "tryout":
            told["GENDAN_CLOCK_FILE"] = str(self.clock_file)
        return told | dict(self.extra)

    def service(self, service: str, number: int = 1) -> Program:
        """Return one replica of a service."""
        name = f"{service}.{number}"
        return self._python(
            name, self.environment(service), "-m", "chassis.runner", service, ready_file=True
        )

    def relay(self) -> Program:
        """Return the process that sends what outboxes hold, for all databases."""
        databases = {
            service: for_sqlalchemy(url)
            for service, url in self.databases.items()
            if service in SERVICES
        }
        told = self.environment(RELAY) | {
            "GENDAN_RELAY_DATABASES": json.dumps(databases),
            "GENDAN_RELAY_PEERS": ",".join(SERVICES),
        }
        plain = [url for part, url in self.databases.items() if part in SERVICES]
        return self._python(
            RELAY,
            told,
            *("-m", "chassis.relay"),
            is_ready=lambda: all(relay_is_at_work(url) for url in plain),
        )

    def gateway(self, port: int, *, host: str = "127.0.0.1", workers: int = 2) -> Program:
        """Return the HTTP gateway."""
        told = self.environment(GATEWAY) | {"GENDAN_HTTP_PORT": str(port)}
        if self.attachments:
            told["GENDAN_ATTACHMENTS_DIR"] = str(self.attachments)
        return self._python(
            GATEWAY,
            told,
            *("-m", "gunicorn", "--config", "deploy/config/gunicorn.py"),
            *("--bind", f"{host}:{port}", "--workers", str(workers), "gateway.app:create_app()"),
            ready_file=True,
            is_ready=lambda: http_answers(f"http://{host}:{port}/readyz"),
        )

    def _python(
        self,
        name: str,
        told: Mapping[str, str],
        *arguments: str,
        ready_file: bool = False,
        is_ready: Callable[[], bool] = lambda: True,
    ) -> Program:
        mark = self.run / f"{name}.ready"
        if ready_file:
            told = {**told, "GENDAN_READY_FILE": str(mark)}
        return Program(
            name=name,
            command=(sys.executable, *arguments),
            environment=told,
            folder=CHECKOUT,
            log=self.logs / f"{name}.log",
            stop_seconds=stop_seconds(told),
            is_ready=lambda: (mark.exists() or not ready_file) and is_ready(),
            run=self.run,
            before_start=lambda: mark.unlink(missing_ok=True),
        )


def tuning(environment: Mapping[str, str]) -> dict[str, str]:
    """Return our own variables that a part may know: all but the administrators' addresses.

    A port is one process's; only the word for any free one fits all.
    """
    told = {
        name: value
        for name, value in environment.items()
        if name.startswith("GENDAN_") and name not in ADMINISTRATORS
    }
    if told.get(METRICS_VARIABLE) != "0":
        told.pop(METRICS_VARIABLE, None)
    return told


def stop_seconds(told: Mapping[str, str]) -> float:
    """Return how long a part is given to end: longer than it gives its running work."""
    try:
        grace_seconds = float(told[GRACE_VARIABLE])
    except (KeyError, ValueError):  # The part itself refuses what it cannot read.
        return Program.stop_seconds
    return max(Program.stop_seconds, grace_seconds + 5.0)


def permission_of(user: str) -> Permission:
    """Return what a part may do at the broker: its own queues, and to write where it must.

    Nobody may write to the default exchange, which reaches every queue. Callers and servers
    of RPC share nameko's exchange; a service's own events leave through the relay alone.
    """
    if user == RELAY:
        every = "|".join(SERVICES)
        return Permission(
            configure=whole(rf"{REPLY_QUEUE}|{RPC_EXCHANGE}|({every})\.(events|resend)"),
            write=whole(rf"{REPLY_QUEUE}|{RPC_EXCHANGE}|({every})\.(events|resend)"),
            read=whole(rf"{REPLY_QUEUE}|{RPC_EXCHANGE}"),
        )
    if user in (GATEWAY, AUDIT):
        return Permission(
            configure=whole(rf"{REPLY_QUEUE}|{RPC_EXCHANGE}"),
            write=whole(rf"{REPLY_QUEUE}|{RPC_EXCHANGE}"),
            read=whole(rf"{REPLY_QUEUE}|{RPC_EXCHANGE}"),
        )
    own = re.escape(user)
    mine = (
        rf"rpc-{own}|{REPLY_QUEUE}|events-[a-z]+--{own}|{own}\.parking|{own}\.(events|resend)|"
        rf"drain-{own}-.+"
    )
    heard = r"[a-z]+\.(events|resend)"
    return Permission(
        configure=whole(rf"{mine}|{RPC_EXCHANGE}|{heard}"),
        write=whole(rf"rpc-{own}|{REPLY_QUEUE}|events-[a-z]+--{own}|{own}\.parking|{RPC_EXCHANGE}"),
        read=whole(rf"{mine}|{RPC_EXCHANGE}|{heard}"),
    )


def topic_permission_of(user: str) -> TopicPermission:
    """Return which routing keys of nameko's exchange a part may call and bind to.

    Without it any service could bind a queue of its own to another's requests. Calls between
    services go only where the picture of the architecture has an arrow.
    """
    called = CALLS.get(user, ())
    write = [rf"({'|'.join(called)})\..+"] if called else []
    if user == AUDIT:
        write = [rf"({'|'.join(SERVICES)})\.({'|'.join(AUDIT_CALLS)})"]
    read = [rf"{re.escape(user)}\.\*"] if user in SERVICES else []
    return TopicPermission(
        exchange=RPC_EXCHANGE,
        write=whole("|".join([*write, REPLY_KEY])),
        read=whole("|".join([*read, REPLY_KEY])),
    )


def whole(pattern: str) -> str:
    """Return a regular expression that must match a whole name."""
    return f"^({pattern})$"


def relay_is_at_work(url: str) -> bool:
    """Say whether a relay holds the lock of the database behind a libpq address."""
    with closing(psycopg2.connect(url, connect_timeout=5)) as database, database.cursor() as cursor:
        cursor.execute(
            "select exists (select from pg_locks join pg_stat_activity using (pid)"
            " where locktype = 'advisory' and granted and datname = current_database()"
            " and application_name like 'gendan-relay-%')"
        )
        row = cursor.fetchone()
    return bool(row and row[0])


# No proxy of the environment comes between: what we ask over HTTP is ours, on loopback.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http_answers(url: str) -> bool:
    """Say whether a GET of `url`, which is of this machine, answers 200."""
    try:
        with _DIRECT.open(url, timeout=3) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
