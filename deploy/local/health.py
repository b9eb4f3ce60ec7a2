"""What `status` shows: every part's state, and what waits in queues, outboxes and parking."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from deploy.local import records
from deploy.local.clock_file import SECONDS_PER_DAY, offset_seconds
from deploy.local.databases import SERVICES
from deploy.local.instance import TRYOUT, Instance
from deploy.local.parts import RELAY, http_answers
from deploy.local.problems import Problem

MEBIBYTE = 1_048_576
# So long a database may take to say what waits: a table may be locked just when somebody looks.
PATIENCE_SECONDS = 3
# Messages and consumers by queue.
Depths = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class PartState:
    """One process as it is now; `ports` names where it listens, if anywhere."""

    name: str
    state: str
    pid: int | None = None
    memory_mb: int | None = None
    ports: str = ""


@dataclass(frozen=True)
class Backlog:
    """What one service has not dealt with yet; None when its database does not say."""

    service: str
    requests: int | None
    events: int | None
    unsent_events: int | None
    failing: int | None
    parked: int | None


def part_states(instance: Instance) -> list[PartState]:
    """Return every part that ought to run, and whether it does."""
    plan = instance.plan
    alive = {each.name: each for each in records.recorded(instance.places.run) if each.is_alive}
    ports = ports_of(instance)
    expected = ["postgresql", "epmd", "rabbitmq"] if instance.engines.are_ours else []
    expected.append(RELAY)
    for service in SERVICES:
        expected += [f"{service}.{number + 1}" for number in range(plan.replicas_of(service))]
    expected.append("gateway")
    states = []
    for name in expected:
        process = alive.get(name)
        if process is None:
            states.append(PartState(name, "down", ports=ports.get(name, "")))
            continue
        states.append(
            PartState(
                name=name,
                state="up" if is_ready(instance, name) else "starting",
                pid=process.pid,
                memory_mb=sum(memory_bytes(pid) for pid in family(process.pid)) // MEBIBYTE,
                ports=ports.get(name, ""),
            )
        )
    return states


def is_ready(instance: Instance, name: str) -> bool:
    """Say whether a part that lives also serves, as far as it tells."""
    has_mark = (instance.places.run / f"{name}.ready").exists()
    if name == "gateway":
        return has_mark and http_answers(f"{instance.plan.address}/readyz")
    return has_mark or name.partition(".")[0] not in SERVICES


def ports_of(instance: Instance) -> dict[str, str]:
    """Return where the parts with fixed ports listen."""
    ports = {"gateway": str(instance.plan.port)}
    if instance.engines.postgres:
        ports["postgresql"] = str(instance.engines.postgres.port)
    if instance.engines.node:
        ports["rabbitmq"] = str(instance.engines.node.port)
        ports["epmd"] = str(instance.engines.node.epmd_port)
    return ports


def backlogs(instance: Instance) -> Iterator[Backlog]:
    """Yield what waits for each service in its queues and in its database."""
    try:
        depths = queue_depths(instance)
    except Problem:
        depths = None
    for service, url in instance.installation.database_urls().items():
        if service in SERVICES:
            yield Backlog(service, *waiting_in_queues(service, depths), *waiting_in_rows(url))


def waiting_in_queues(service: str, depths: Depths | None) -> tuple[int | None, int | None]:
    """Return how many requests and events wait for a service; None when nobody knows."""
    if depths is None:
        return None, None
    own = f"--{service}"
    events = sum(depth for name, (depth, _) in depths.items() if name.endswith(own))
    return depths.get(f"rpc-{service}", (0, 0))[0], events


def waiting_in_rows(url: str) -> tuple[int | None, int | None, int | None]:
    """Return unsent events, failing and parked messages; None when the database does not say."""
    try:
        with closing(patient(url)) as database:
            return (
                counted(database, "outbox", "sent_at is null"),
                counted(database, "failed_message", "state <> 'discarded'"),
                counted(database, "failed_message", "state = 'parked'"),
            )
    except psycopg2.OperationalError:
        return None, None, None


def failing_jobs(url: str) -> list[tuple[str, int, str]] | None:
    """Return the jobs by the clock whose next slot fails: name, how often, the last error.

    None when the database does not say.
    """
    try:
        with closing(patient(url)) as database, database.cursor() as cursor:
            cursor.execute(
                "select job, attempts, coalesce(error, '') from job_slot"
                " where attempts > 0 order by job"
            )
            return [(str(job), int(times), str(error)) for job, times, error in cursor]
    except psycopg2.OperationalError:
        return None


def patient(url: str) -> "psycopg2.extensions.connection":
    """Connect to a database that is waited for only so long, whatever is asked."""
    return psycopg2.connect(
        url,
        connect_timeout=PATIENCE_SECONDS,
        options=f"-c statement_timeout={PATIENCE_SECONDS}s",
    )


def counted(database: "psycopg2.extensions.connection", table: str, condition: str) -> int | None:
    """Count rows of a table; None when there is no such table yet."""
    with database.cursor() as cursor:
        cursor.execute("select to_regclass(%s) is not null", (table,))
        row = cursor.fetchone()
        if not row or not row[0]:
            return None
        cursor.execute(f"select count(*) from {table} where {condition}")  # noqa: S608 - ours
        counted_row = cursor.fetchone()
        return int(counted_row[0]) if counted_row else None


def queue_depths(instance: Instance) -> Depths | None:
    """Return messages and consumers of each lasting queue; raise `Problem` without a broker.

    Nobody knows them (None) where no control of a given broker was given.
    """
    control = instance.engines.control
    if control is None:
        return None
    printed = control.run(
        *("list_queues", "--vhost", instance.installation.vhost, "--formatter", "json"),
        *("name", "messages", "consumers"),
    )
    return {
        queue["name"]: (int(queue["messages"] or 0), int(queue["consumers"] or 0))
        for queue in json.loads(printed)
        if not queue["name"].startswith("rpc.reply-")
    }


def clock_note(instance: Instance) -> str:
    """Return one line about business time and its calendar."""
    if instance.plan.profile != TRYOUT:
        return "business time is machine time; working days are those entered (/calendar)"
    days = offset_seconds(instance.places.clock_file) / SECONDS_PER_DAY
    ahead = f"business time is {days:g} days ahead" if days else "business time is machine time"
    return f"{ahead}; try-out: working days not entered are taken as Monday to Friday"


def family(pid: int) -> list[int]:
    """Return a process and its descendants: gunicorn's workers, PostgreSQL's backends."""
    found = [pid]
    for parent in found:
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:
            continue
        found += [int(child) for child in children.split()]
    return found


def memory_bytes(pid: int) -> int:
    """Return a process's resident memory that is not shared; 0 when it has ended."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int) -> int:
    """Return a process's resident memory, shared pages included; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def is_known(instance: Instance) -> None:
    """Raise `Problem` when nothing was ever started here."""
    if instance.is_new:
        raise Problem("Nothing has been started here yet: run ./gendan up.")
