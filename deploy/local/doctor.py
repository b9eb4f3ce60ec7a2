"""`./gendan doctor`: look for the traps that have caught somebody, and say how to get out."""

import importlib.metadata
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import databases, health, packages, postgres, rabbitmq, records
from deploy.local.engines import CONTROL_VARIABLE, given_engines
from deploy.local.instance import Instance, own_places
from deploy.local.places import CHECKOUT, NEEDED_BYTES, ROOT_DATA
from deploy.local.ports import is_free
from deploy.local.problems import Problem

PINNED = {"nameko": "2.14.1"}
NEWEST_SETUPTOOLS = 80
MAX_SOCKET_PATH = 107


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `advice` says what to do when it is not well."""

    subject: str
    is_well: bool
    fact: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Yield every finding, first of the machine, then of the parts."""
    for look in MACHINE:
        yield look()
    yield from parts()


def python_version() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python",
        sys.version_info[:2] == (3, 11),
        f"{version} at {sys.executable}",
        "Delete .venv and run ./gendan again: it looks for Python 3.11 by itself.",
    )


def pinned_packages() -> Finding:
    found = {name: importlib.metadata.version(name) for name in PINNED}
    setuptools = int(importlib.metadata.version("setuptools").split(".")[0])
    return Finding(
        "locked packages",
        found == PINNED and setuptools <= NEWEST_SETUPTOOLS,
        f"nameko {found['nameko']}, setuptools {setuptools}",
        "Delete .venv and run ./gendan again: the locked versions are the tested ones.",
    )


def engine_programs() -> Finding:
    if given_engines():
        return Finding("engines", True, "addresses are given by the environment")
    missing = packages.missing_packages()
    return Finding(
        "engines",
        not missing,
        f"PostgreSQL in {packages.postgres_bin()}, RabbitMQ in {packages.rabbitmq_bin()}",
        f"./gendan up installs them; by hand: apt install {' '.join(missing)}.",
    )


def installing() -> Finding:
    may = os.geteuid() == 0 or shutil.which("sudo") is not None
    return Finding(
        "installing packages",
        may or not packages.missing_packages(),
        "root" if os.geteuid() == 0 else ("sudo is there" if may else "no sudo"),
        "Ask an administrator to install what is missing.",
    )


def disk() -> Finding:
    folder = ROOT_DATA if os.geteuid() == 0 and ROOT_DATA.exists() else CHECKOUT
    free = shutil.disk_usage(folder).free
    return Finding(
        "disk",
        free >= NEEDED_BYTES,
        f"{free // 1_000_000_000} GB free under {folder}",
        f"Free at least {NEEDED_BYTES // 1_000_000_000} GB.",
    )


def local_name() -> Finding:
    try:
        addresses = {str(entry[4][0]) for entry in socket.getaddrinfo("localhost", None)}
    except OSError:
        addresses = set()
    return Finding(
        "localhost",
        "127.0.0.1" in addresses,
        f"is {', '.join(sorted(addresses)) or 'unknown'}",
        "RabbitMQ's node is called …@localhost: put `127.0.0.1 localhost` into /etc/hosts.",
    )


def open_files() -> Finding:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Finding(
        "open files",
        hard == resource.RLIM_INFINITY or hard >= 1024,
        f"limit {soft}, at most {hard}",
        "Raise the limit with `ulimit -Hn 4096`.",
    )


def foreign_servers() -> Finding:
    """Say who is on the default ports: they are never touched, which is worth knowing."""
    taken = [str(port) for port in (5432, 5672, 4369) if not is_free(port)]
    fact = f"in use: {', '.join(taken)}" if taken else "free"
    return Finding("default ports", True, f"{fact}; ours are others")


def private_files() -> Finding:
    home = own_places().home
    open_to_others = [
        path.name
        for path in home.glob("*")
        if path.is_file() and path.suffix in (".json", ".txt") and path.stat().st_mode & 0o077
    ]
    return Finding(
        "secrets",
        not open_to_others,
        "only their owner reads them" if not open_to_others else ", ".join(open_to_others),
        f"Run `chmod 600` on them in {home}.",
    )


def parts() -> Iterator[Finding]:
    """Yield the state of each part; nothing but one line when it does not run."""
    places = own_places()
    if not records.is_held(places.home):
        left = [each.name for each in records.recorded(places.run) if each.is_alive]
        if not left:
            yield Finding("system", True, "not running: ./gendan up starts it")
            return
        yield Finding(
            "launcher",
            False,
            f"has ended, and nobody watches {', '.join(left)}",
            "./gendan up takes over; ./gendan down ends them.",
        )
    instance = Instance.open()
    for part in health.part_states(instance):
        yield Finding(
            part.name,
            part.state == "up",
            part.state + (f", pid {part.pid}, {part.memory_mb} MB" if part.pid else ""),
            f"See ./gendan logs {part.name}.",
        )
    yield answering(
        "PostgreSQL answers", lambda: postgres.answers(instance.engines.pg_admin_url), "postgresql"
    )
    yield answering(
        "RabbitMQ answers", lambda: rabbitmq.answers(instance.engines.amqp_admin_url), "rabbitmq"
    )
    yield from consumers(instance)
    for backlog in health.backlogs(instance):
        yield parked(backlog)
    for service, url in instance.installation.database_urls().items():
        if service in databases.SERVICES:
            yield from jobs(service, health.failing_jobs(url))


def parked(backlog: health.Backlog) -> Finding:
    """Say whether messages of a service wait for somebody's decision."""
    subject = f"{backlog.service}: parked messages"
    if backlog.parked is None:
        return unsaid(subject)
    return Finding(subject, backlog.parked == 0, str(backlog.parked), "See ./gendan parked list.")


def jobs(service: str, failing: Sequence[tuple[str, int, str]] | None) -> Iterator[Finding]:
    """Yield a finding for each job by the clock that fails: what it announces stays unsaid."""
    if failing is None:
        yield unsaid(f"{service}: jobs by the clock")
        return
    if not failing:
        yield Finding(f"{service}: jobs by the clock", True, "none fails")
    for job, times, error in failing:
        yield Finding(
            f"{service}: {job}",
            False,
            f"failed {times} times: {error[:200]}",
            f"See ./gendan logs {service}.",
        )


def unsaid(subject: str) -> Finding:
    """Say that a database does not tell: it is away, or a table of it is locked."""
    fact = "nobody knows: its database does not say"
    return Finding(subject, False, fact, "See ./gendan logs postgresql.")


def answering(subject: str, answers: Callable[[], bool], log: str) -> Finding:
    well = answers()
    return Finding(subject, well, "yes" if well else "no", f"See ./gendan logs {log}.")


def consumers(instance: Instance) -> Iterator[Finding]:
    """Yield a finding for each queue that nobody reads: its service is deaf."""
    try:
        depths = health.queue_depths(instance)
    except Problem as problem:
        yield Finding("queues", False, str(problem), "See ./gendan logs rabbitmq.")
        return
    if depths is None:
        yield Finding("queues", True, f"nobody knows without {CONTROL_VARIABLE}")
        return
    for service in databases.SERVICES:
        messages, readers = depths.get(f"rpc-{service}", (0, 0))
        yield Finding(
            f"rpc-{service}",
            readers > 0,
            f"{messages} waiting, {readers} reading",
            f"See ./gendan logs {service}.",
        )


def long_path() -> Finding:
    """Say whether a socket could lie in the checkout; ours are off for this reason."""
    length = len(str(Path(CHECKOUT) / "var" / ".s.PGSQL.5432"))
    fits = "fits" if length <= MAX_SOCKET_PATH else "would not fit"
    return Finding("path", True, f"a Unix socket {fits} ({length} characters); none is used")


MACHINE: tuple[Callable[[], Finding], ...] = (
    python_version,
    pinned_packages,
    engine_programs,
    installing,
    disk,
    local_name,
    open_files,
    foreign_servers,
    private_files,
    long_path,
)
