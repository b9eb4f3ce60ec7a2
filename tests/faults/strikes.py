"""The faults: each is struck in the middle of the work, and ended where it would last.

A strike returns when the fault is over; how long the system then takes to be whole again is
measured by who struck it. What has to be waited for is awaited: a fault point's mark, a client
that was not answered, a row that stays unsent.
"""

import json
import os
import random
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import cycle, repeat
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import amqp
import psycopg2
import requests

from deploy.local import clock_file, databases
from deploy.local.databases import SERVICES
from deploy.local.places import Account
from deploy.local.ports import LOOPBACK
from deploy.local.problems import Problem
from deploy.local.processes import Process
from tests.faults.checks import eventually
from tests.faults.clocks import set_clock
from tests.faults.disk import cannot_be_made, full, small_disk
from tests.faults.house import BEHIND_PROXY, HEARTBEAT_SECONDS, RESTART_SECONDS, House

# Longer than it takes the broker to miss two heartbeats.
SILENCE_SECONDS = HEARTBEAT_SECONDS * 2.5
# A caller is answered within the gateway's ten seconds; the rest is a slow machine's.
ANSWERED_WITHIN_SECONDS = 12.0
_MET_SECONDS = 60.0


@dataclass(frozen=True)
class Strike:
    """One fault and how it is struck."""

    name: str
    do: Callable[[House], None]
    #: For `./gendan torture` alone: outages of minutes, and what differs little from another.
    is_long: bool = False
    #: Says why it cannot be struck on this machine, or None where it can.
    obstacle: Callable[[], str | None] = lambda: None

    def __str__(self) -> str:
        return self.name


class NotAsPromised(Exception):
    """The system broke a promise while the fault lasted."""


# Processes ----------------------------------------------------------------------------------


def kill(name: str) -> Strike:
    """kill -9 at whatever moment it is."""
    return Strike(f"kill -9 {name}", lambda house: house.kill(name))


def die(name: str, point: str) -> Strike:
    """kill -9 exactly at a fault point."""
    return Strike(f"{name} dies {point}", lambda house: house.die_at(name, point))


def stop_gently(name: str) -> Strike:
    """SIGTERM under load: what runs is finished, what waits is left to the next."""

    def do(house: House) -> None:
        before = house.end(name, signal.SIGTERM)
        if before.exit_code != 0:
            raise NotAsPromised(f"{name} ended with code {before.exit_code} on SIGTERM")

    return Strike(f"SIGTERM {name}", do)


def for_torture(strike: Strike) -> Strike:
    """Leave a strike out of the suite."""
    return replace(strike, is_long=True)


def kill_gateway_worker(house: House) -> None:
    worker = random.choice(house.gateway_workers())
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: bool(set(house.gateway_workers()) - {worker}), "a new worker", 30)


def _stopped(name: str) -> Callable[[House], None]:
    def do(house: House) -> None:
        with frozen(house, name):
            house.ledger.await_unanswered(1, _MET_SECONDS)

    return do


@contextmanager
def frozen(house: House, name: str) -> Iterator[None]:
    """SIGSTOP a program, and let it go on in any case."""
    pid = house.process(name).pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def stuck_neighbour(house: House) -> None:
    """Customers stands still: its callers are told so in time, others do not feel it."""
    headers = house.crew.headers["director"]
    with frozen(house, "customers.1"):
        asked = _ask(house, "/customers", headers)
        calm = [_ask(house, path, headers) for path in ("/orders", "/products", "/shipments") * 3]
    if asked.status_code != 503 or "Retry-After" not in asked.headers:
        raise NotAsPromised(f"a stuck service: {asked.status_code} {asked.text[:200]}")
    for answer in calm:
        if answer.status_code not in (200, 503):
            raise NotAsPromised(f"a neighbour of a stuck service: {answer.text[:200]}")
    if not any(answer.ok for answer in calm):
        raise NotAsPromised("nobody was answered while customers was stuck")


def overload(house: House) -> None:
    """More callers than a stuck service may have waiting: the rest are shed at once, politely."""
    headers = house.crew.headers["director"]
    with frozen(house, "aftersales.1"), ThreadPoolExecutor(40) as pool:
        began = time.monotonic()
        answers = list(pool.map(lambda _: _ask(house, "/cases", headers), range(40)))
        lasted = time.monotonic() - began
    told = {answer.status_code for answer in answers}
    if told != {503}:
        raise NotAsPromised(f"overload was answered {told}")
    if any("Retry-After" not in answer.headers for answer in answers):
        raise NotAsPromised("a 503 without Retry-After")
    quick = [answer for answer in answers if answer.elapsed.total_seconds() < 5.0]
    if not quick:
        raise NotAsPromised("nobody was shed before the deadline")
    # 24 threads serve 40 callers, each for at most one deadline: two rounds.
    if lasted > 2 * ANSWERED_WITHIN_SECONDS:
        raise NotAsPromised(f"40 callers were kept for {lasted:.0f} s")


def _ask(house: House, path: str, headers: dict[str, str]) -> requests.Response:
    began = time.monotonic()
    answer = requests.get(
        f"{house.system.url}/api/v1{path}", params={"limit": "1"}, headers=headers, timeout=60
    )
    took = answer.elapsed.total_seconds()
    if took > ANSWERED_WITHIN_SECONDS:
        raise NotAsPromised(f"GET {path} took {took:.1f} s ({time.monotonic() - began:.1f} s)")
    return answer


# The broker ---------------------------------------------------------------------------------


def restart_broker(house: House) -> None:
    house.end("rabbitmq", signal.SIGTERM)


def close_connections(house: House) -> None:
    house.control.run("close_all_connections", "--vhost", house.vhost, "the rig closes them")


def memory_alarm(house: House) -> None:
    """Publishers are blocked until the alarm is over: callers are told so in time."""
    house.control.run("set_vm_memory_high_watermark", "absolute", "1000000")
    try:
        house.ledger.await_unanswered(1, _MET_SECONDS)
    finally:
        house.control.run("set_vm_memory_high_watermark", "0.3")


def full_broker_disk(house: House) -> None:
    """The broker finds its disk full: it takes nothing, and callers are told so in time."""
    house.control.run("set_disk_free_limit", str(10**15))
    try:
        if not house.ledger.await_told("service_unavailable", _MET_SECONDS):
            raise NotAsPromised("nobody was told that the broker takes nothing")
    finally:
        house.control.run("set_disk_free_limit", "200MB")


def delete_queue(house: House) -> None:
    """The queue goes while its listener stands still: what was in it is lost to the broker."""
    with frozen(house, "aftersales.1"):
        house.ledger.await_more_accepted(10, _MET_SECONDS)
        house.control.run("delete_queue", "events-orders--aftersales", "-p", house.vhost)


def full_queue(house: House) -> None:
    """A full queue refuses: outboxes fill, orders go on."""
    house.control.run(
        *("set_policy", "-p", house.vhost, "full", "^events-orders--aftersales$"),
        json.dumps({"max-length": 1, "overflow": "reject-publish"}),
    )
    try:
        with frozen(house, "aftersales.1"):
            eventually(lambda: unsent(house, "orders") > 3, "the outbox fills", _MET_SECONDS)
            if not house.ledger.await_more_accepted(5, _MET_SECONDS):
                raise NotAsPromised("no command was accepted while a queue was full")
    finally:
        house.control.run("clear_policy", "-p", house.vhost, "full")


def unsent(house: House, service: str) -> int:
    """Give how many events wait in a service's outbox."""
    url = house.system.database_url(service)
    with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
        cursor.execute("select count(*) from outbox where sent_at is null")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def lose_broker_data(house: House) -> None:
    """The disk of the broker is gone; its users are made again; anti-entropy sends again."""
    node = house.engines.node
    assert node is not None
    charge = house.charge("rabbitmq")
    program = charge.program

    def with_an_empty_disk() -> None:
        shutil.rmtree(node.folder / "mnesia", ignore_errors=True)
        program.before_start()

    charge.program = replace(program, before_start=with_an_empty_disk)
    house.kill("rabbitmq")
    charge.program = program
    house.system.installation.prepare_broker()


def broker_away(seconds: float) -> Callable[[House], None]:
    def do(house: House) -> None:
        with frozen(house, "rabbitmq"):
            time.sleep(seconds)  # How long it lasts is the fault.

    return do


# The databases ------------------------------------------------------------------------------


def restart_postgres(number: signal.Signals) -> Callable[[House], None]:
    def do(house: House) -> None:
        house.end("postgresql", number)

    return do


@contextmanager
def admin_of(house: House, database: str = "postgres") -> Iterator[Any]:
    """Give the superuser's cursor in a database; every statement is its own transaction."""
    url = databases.with_database(house.engines.pg_admin_url, database)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def terminate_backends(house: House) -> None:
    with admin_of(house) as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where starts_with(datname, %s) and pid <> pg_backend_pid()",
            (house.vhost,),
        )


def connection_limit(house: House) -> None:
    """A role has all its connections in use: nobody gets another one."""
    role = house.system.installation.name_of("customers")
    with admin_of(house) as cursor:
        cursor.execute(f'alter role "{role}" connection limit 0')
        try:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (role,)
            )
            house.ledger.await_unanswered(1, _MET_SECONDS)
        finally:
            cursor.execute(f'alter role "{role}" connection limit -1')


def hold_a_lock(seconds: float) -> Callable[[House], None]:
    def do(house: House) -> None:
        name = house.system.installation.name_of("customers")
        url = databases.with_database(house.engines.pg_admin_url, name)
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("lock table credit_account in access exclusive mode")
            time.sleep(seconds)  # How long it lasts is the fault.
            connection.rollback()

    return do


def failing_commits(sqlstate: str, service: str) -> Callable[[House], None]:
    """Every third event's transaction fails as the database's own conflicts do."""

    def do(house: House) -> None:
        name = house.system.installation.name_of(service)
        with admin_of(house, name) as cursor:
            cursor.execute(
                "create function struck() returns trigger language plpgsql as $$ begin"
                f" if random() < 0.33 then raise exception 'struck' using errcode = '{sqlstate}';"
                " end if; return new; end $$"
            )
            cursor.execute(
                "create trigger struck before insert on outbox for each row"
                " execute function struck()"
            )
            try:
                if not house.ledger.await_more_accepted(30, _MET_SECONDS):
                    raise NotAsPromised(f"nothing is accepted while {sqlstate} is raised at times")
            finally:
                cursor.execute("drop trigger struck on outbox")
                cursor.execute("drop function struck()")

    return do


def full_database_disk(house: House) -> None:
    """No room for customers' tables: who writes is told so, who reads does not feel it."""
    name = house.system.installation.name_of("customers")
    headers = house.crew.headers["director"]
    with _on_a_small_disk(house, name) as disk:
        with full(disk):
            if not house.ledger.await_told("database_unavailable", _MET_SECONDS):
                raise NotAsPromised("nobody was told that the database's disk is full")
            read = _ask(house, "/customers", headers)
        if not read.ok:
            raise NotAsPromised(f"a question while the disk is full: {read.text[:200]}")
        if not house.ledger.await_more_accepted(5, _MET_SECONDS):
            raise NotAsPromised("nothing is accepted once there is room again")


@contextmanager
def _on_a_small_disk(house: House, name: str) -> Iterator[Path]:
    """Keep a database on a disk with little room for as long as the block lasts."""
    server = house.engines.postgres
    assert server is not None
    with admin_of(house) as cursor:
        cursor.execute("select pg_database_size(%s) / 1048576 + 24", (name,))
        (megabytes,) = cursor.fetchone()
        account, folder = server.places.account, server.places.data / "small-disk"
        with small_disk(folder, megabytes=int(megabytes), account=account) as disk:
            cursor.execute(f"create tablespace small location '{disk}'")
            try:
                _move_database(cursor, name, "small")
                yield disk
            finally:
                _move_database(cursor, name, "pg_default")
                cursor.execute("drop tablespace small")


def _move_database(cursor: Any, name: str, tablespace: str) -> None:
    """Move a database's files, for which nobody may be connected to it."""
    cursor.execute(f'alter database "{name}" with allow_connections false')
    try:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
        )
        cursor.execute(f'alter database "{name}" set tablespace {tablespace}')
    finally:
        cursor.execute(f'alter database "{name}" with allow_connections true')


def full_log_disk(house: House) -> None:
    """No room for PostgreSQL's own log: it ends itself, and is started again once there is.

    It first recovers in place, and on a log that ends early in a segment that may do: it goes on
    in the segments that are there. Recovery that ends in the last quarter of the last one wants
    a further one made (StartupXLOG, PreallocXlogFiles), and ends the whole server without it.
    """
    with _log_on_a_small_disk(house) as disk:
        charge = house.charge("postgresql")
        before, starts = house.process("postgresql"), charge.restarts
        with full(disk):
            eventually(lambda: _wrote_to_its_end(house, before), "the log is full", _MET_SECONDS)
            if not house.ledger.await_told("database_unavailable", _MET_SECONDS):
                raise NotAsPromised("nobody was told that the log's disk is full")
            # The first of them was in vain, for it has ended before the second.
            eventually(lambda: charge.restarts >= starts + 2, "two starts", RESTART_SECONDS)
        there_was_room_at = time.monotonic()
        house.await_again("postgresql", before)
        if not house.ledger.await_more_accepted(5, _MET_SECONDS):
            raise NotAsPromised("nothing is accepted once the log has room again")
    # Later than that it was stopped once more, to have its log back where it was.
    house.struck_at = there_was_room_at


def _wrote_to_its_end(house: House, server: Process) -> bool:
    """Write into the log, each entry to the disk, and say whether the server has ended by it."""
    try:
        with admin_of(house) as cursor:
            for _ in range(16):
                cursor.execute("select pg_logical_emit_message(true, 'fault', repeat('x', 500000))")
    except psycopg2.Error:
        return server.exit_code is not None
    return False


@contextmanager
def _log_on_a_small_disk(house: House) -> Iterator[Path]:
    """Keep PostgreSQL's log on a disk with little room for as long as the block lasts."""
    server = house.engines.postgres
    assert server is not None
    account, log = server.places.account, server.folder / "pg_wal"
    assert account is not None
    with admin_of(house) as cursor:
        cursor.execute("select ceil(sum(size) / 1048576) + 128 from pg_ls_waldir()")
        (megabytes,) = cursor.fetchone()
        # What most often fills it: nobody reads any more, and nothing of the log is used again.
        cursor.execute("select pg_create_physical_replication_slot('forgotten', true)")

    def lead_away() -> None:
        _move(log, disk / log.name, account)
        log.symlink_to(disk / log.name)

    def bring_back() -> None:
        log.unlink()
        _move(disk / log.name, log, account)

    small = server.places.data / "small-log"
    with small_disk(small, megabytes=int(megabytes), account=account) as disk:
        _start_again_after(house, lead_away)
        try:
            yield disk
        finally:
            with admin_of(house) as cursor:
                cursor.execute("select pg_drop_replication_slot('forgotten')")
            _start_again_after(house, bring_back)


def _move(folder: Path, place: Path, account: Account) -> None:
    """Move a folder to another disk, where it belongs to whom it belonged."""
    shutil.move(folder, place)
    for each in (place, *place.rglob("*")):
        os.chown(each, account.uid, account.gid)


def _start_again_after(house: House, change: Callable[[], None]) -> None:
    """Have PostgreSQL stopped, something changed in its folder, and it started again."""
    charge = house.charge("postgresql")
    program = charge.program

    def changed() -> None:
        charge.program = program  # Should this start fail, the next one changes nothing.
        change()
        program.before_start()

    charge.program = replace(program, before_start=changed)
    house.end("postgresql", signal.SIGINT)


def database_away(seconds: float) -> Callable[[House], None]:
    """Nobody gets into customers' database for so long."""

    def do(house: House) -> None:
        name = house.system.installation.name_of("customers")
        with admin_of(house) as cursor:
            cursor.execute(f'alter database "{name}" with allow_connections false')
            try:
                cursor.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                    (name,),
                )
                time.sleep(seconds)  # How long it lasts is the fault.
            finally:
                cursor.execute(f'alter database "{name}" with allow_connections true')

    return do


# The network --------------------------------------------------------------------------------


def cut_off(seconds: float) -> Callable[[House], None]:
    """Reset every connection of one service to the broker, and every new one."""

    def do(house: House) -> None:
        house.proxy.cut()
        try:
            time.sleep(seconds)  # How long it lasts is the fault.
        finally:
            house.proxy.let_pass()

    return do


def half_open(house: House) -> None:
    """Connections stand and carry nothing, for longer than the heartbeat; then they are cut."""
    house.proxy.freeze()
    try:
        time.sleep(SILENCE_SECONDS)  # How long it lasts is the fault.
    finally:
        house.proxy.cut()
        house.proxy.let_pass()


def latency(house: House) -> None:
    house.proxy.delay(0.1)
    try:
        if not house.ledger.await_more_accepted(20, _MET_SECONDS):
            raise NotAsPromised("nothing is accepted with 0.1 s of latency")
    finally:
        house.proxy.let_pass()


# Messages -----------------------------------------------------------------------------------


@contextmanager
def channel_of(house: House, user: str) -> Iterator[Any]:
    """Give a channel in the system's vhost, of the broker's administrator."""
    node = house.engines.node
    assert node is not None
    from deploy.local.rabbitmq import ADMINISTRATOR

    house.control.run("set_permissions", "-p", house.vhost, ADMINISTRATOR, ".*", ".*", ".*")
    connection = amqp.Connection(
        f"{LOOPBACK}:{node.port}",
        ADMINISTRATOR,
        node.password,
        virtual_host=house.vhost,
        client_properties={"connection_name": user},
    )
    connection.connect()
    try:
        yield connection.channel()
    finally:
        connection.close()


def repeated_messages(house: House) -> None:
    """Everything announced lately comes again, three times, in the wrong order and late."""
    with channel_of(house, "repeats") as channel:
        for service in SERVICES:
            rows = _sent_lately(house, service)
            again = rows * 3
            random.Random(len(rows)).shuffle(again)
            for name, version, message_id, body in again:
                channel.basic_publish(
                    _event(body, str(message_id), name),
                    exchange=f"{service}.events",
                    routing_key=name if version == 1 else f"{name}_v{version}",
                )


def _sent_lately(house: House, service: str) -> list[Any]:
    url = house.system.database_url(service)
    with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
        cursor.execute(
            "select name, schema_version, message_id, body from outbox"
            " where sent_at is not null order by id desc limit 60"
        )
        return list(cursor.fetchall())


def _event(body: str | bytes, message_id: str | None, name: str = "struck", **more: Any) -> Any:
    content = {"content_type": "application/json", "content_encoding": "utf-8", **more}
    if message_id is not None:
        content["message_id"] = message_id
    return amqp.Message(body, delivery_mode=2, type=name, **content)


def poison_events(house: House) -> None:
    """What no listener can read, between good messages: set aside, the others go on."""
    mark = "struck-by-the-rig"
    (newest,) = _sent_lately(house, "orders")[:1]
    good = json.loads(newest[3])
    newer, older = (_own_copy(house, good, version) for version in (99, 0))
    ills = [
        (_event(f"{{{mark}", str(uuid4())), newest[0]),
        (_event(f"- {mark}\n", str(uuid4()), content_type="application/x-yaml"), newest[0]),
        (_event(json.dumps([mark]), str(uuid4())), newest[0]),
        (_event(json.dumps({"note": mark}), None), newest[0]),
        (_event(b"\xff\xfe\x00 " + mark.encode(), str(uuid4())), newest[0]),
        (_event("[" * 100_000 + mark, str(uuid4())), newest[0]),
        (_event(json.dumps([mark]), str(uuid4()), correlation_id=b"\xff"), newest[0]),
        (_event(json.dumps(newer), newer["message_id"]), f"{newest[0]}_v99"),
        (_event(json.dumps(newer), newer["message_id"]), newest[0]),
        (_event(json.dumps(older), older["message_id"]), newest[0]),
    ]
    with channel_of(house, "poison") as channel:
        for message, key in ills:
            channel.basic_publish(message, exchange="orders.events", routing_key=key)
    if not house.ledger.await_more_accepted(10, _MET_SECONDS):
        raise NotAsPromised("nothing is accepted after poison")


def _own_copy(house: House, good: dict[str, Any], version: int) -> dict[str, Any]:
    """Give an event of another version, of an aggregate of its own.

    Parked it holds up what comes after it of its aggregate (ARCHITECTURE §4.4): that must be no
    real order.
    """
    message_id = uuid4()
    house.auditor.own_messages.add(message_id)
    return {
        **good,
        "message_id": str(message_id),
        "schema_version": version,
        "aggregate": {**good["aggregate"], "id": str(UUID(int=version))},
        "note": "struck-by-the-rig",
    }


def poison_requests(house: House) -> None:
    """The requests that crash-loop stock nameko (MESSAGING §0.3), and worse."""
    reply: dict[str, Any] = {"reply_to": "nowhere", "correlation_id": "x"}
    body = json.dumps({"args": [], "kwargs": {}})
    ills = [
        _event(body, None),
        _event(body, None, application_headers={"nameko.call_id_stack": "no list"}, **reply),
        _event(body, None, application_headers={"nameko.deadline": "never"}, **reply),
        _event("{", None, **reply),
        _event("- a", None, **{**reply, "content_type": "application/x-yaml"}),
        _event(json.dumps({"args": 1, "kwargs": []}), None, **reply),
        # No text: py-amqp cannot read the one, and reads the other into what nobody can write.
        _event(body, None, **{**reply, "correlation_id": b"\xff"}),
        _event(body, None, **{**reply, "correlation_id": b"\xed\xa0\x80"}),
        _event(json.dumps({"args": [], "kwargs": {"body": {"deep": "[" * 50_000}}}), None, **reply),
    ]
    before = {name: house.process(f"{name}.1").pid for name in SERVICES}
    with channel_of(house, "poison") as channel:
        for service in SERVICES:
            for ill in ills:
                channel.basic_publish(
                    ill, exchange="nameko-rpc", routing_key=f"{service}.list_settings"
                )
    if not house.ledger.await_more_accepted(20, _MET_SECONDS):
        raise NotAsPromised("nothing is accepted after poisonous requests")
    after = {name: house.process(f"{name}.1").pid for name in SERVICES}
    if after != before:
        raise NotAsPromised(f"a poisonous request ended a process: {before} → {after}")


# Clocks -------------------------------------------------------------------------------------


def jump_the_clock(house: House) -> None:
    """Business time jumps a day: each passed slot of a daily job runs once."""
    assert house.system.wiring.clock_file is not None
    clock_file.advance(house.system.wiring.clock_file, clock_file.SECONDS_PER_DAY)
    house.ledger.await_more_accepted(20, _MET_SECONDS)


def wrong_scanner_clocks(house: House) -> None:
    """From one reading to the next, scanners believe to be hours ahead and hours behind."""
    for scanner in house.workload.scanners:
        scanner.wrong_by = cycle((timedelta(hours=9), timedelta(hours=-7)))
    try:
        # More than one shipment's way from picked to signed.
        if not house.ledger.await_more_accepted(8, 2 * _MET_SECONDS, "/scans"):
            raise NotAsPromised("no scans are accepted from scanners whose clocks are wrong")
    finally:
        for scanner in house.workload.scanners:
            scanner.wrong_by = repeat(timedelta())


def wrong_machine_clock(seconds: float) -> Callable[[House], None]:
    """The clock of orders' machine is set ahead, then back.

    Ahead, all calls come too late there and are refused; behind, nobody notices. What was
    leased or put off by the clock that was ahead does not wait until that time has come.
    """

    def do(house: House) -> None:
        charge, file = house.charge("orders.1"), house.folder / "orders.clock"
        true_build = charge.program
        set_clock(file, 0.0)
        command = (sys.executable, "-m", "tests.faults.clocks", str(file), "orders")
        house.exchange("orders.1", replace(true_build, command=command))
        try:
            set_clock(file, seconds)
            if not house.ledger.await_told("deadline_passed", _MET_SECONDS):
                raise NotAsPromised("a machine whose clock is ahead does not find calls late")
            set_clock(file, -seconds)
            if not house.ledger.await_more_accepted(10, _MET_SECONDS):
                raise NotAsPromised("nothing is accepted by a machine whose clock is behind")
        finally:
            house.exchange("orders.1", true_build)

    return do


PROCESSES = ("orders.1", "customers.1", "inventory.1", "shipping.1", "aftersales.1", "relay")

STRIKES: tuple[Strike, ...] = (
    *(kill(name) for name in PROCESSES),
    Strike("kill -9 a gateway worker", kill_gateway_worker),
    for_torture(kill("gateway")),
    die("orders.1", "before_command_commit"),
    die("orders.1", "after_command_commit"),
    die("customers.1", "after_command_commit"),
    die("inventory.1", "in_handler"),
    for_torture(die("customers.1", "before_commit")),
    die("shipping.1", "after_commit_before_ack"),
    die("relay", "after_publish_before_mark"),
    for_torture(die("orders.1", "after_begin")),
    die("orders.1", "after_ask_stock"),
    for_torture(die("orders.1", "after_ask_credit")),
    die("orders.1", "before_finish"),
    die("orders.1", "after_turning_back"),
    stop_gently("orders.1"),
    *(for_torture(stop_gently(name)) for name in PROCESSES[1:4]),
    stop_gently("relay"),
    Strike("SIGSTOP orders", _stopped("orders.1")),
    Strike("a neighbour is stuck (SIGSTOP customers)", stuck_neighbour),
    Strike("overload of one service", overload),
    Strike("broker restarts", restart_broker),
    kill("rabbitmq"),
    Strike("broker closes every connection", close_connections),
    Strike("broker's memory alarm", memory_alarm),
    Strike("the broker's disk is full", full_broker_disk),
    Strike("a queue is deleted", delete_queue),
    Strike("a queue is full", full_queue),
    Strike("the broker's data are lost", lose_broker_data),
    Strike("database restarts at once", restart_postgres(signal.SIGQUIT)),
    Strike("kill -9 postgresql", restart_postgres(signal.SIGKILL)),
    Strike("all database connections terminated", terminate_backends),
    Strike("connection limit reached", connection_limit),
    Strike("a lock held for 10 s", hold_a_lock(10.0)),
    Strike("the database's disk is full", full_database_disk, obstacle=cannot_be_made),
    Strike("the disk of the database's log is full", full_log_disk, obstacle=cannot_be_made),
    Strike("serialization failures", failing_commits("40001", "customers")),
    Strike("deadlocks", failing_commits("40P01", "inventory")),
    Strike(f"{BEHIND_PROXY} cut off from the broker", cut_off(SILENCE_SECONDS)),
    Strike("half-open connections", half_open),
    Strike("latency of 0.1 s", latency),
    Strike("messages repeated, reordered, late", repeated_messages),
    Strike("poisonous events, newer and older versions", poison_events),
    Strike("poisonous requests", poison_requests),
    Strike("the clock jumps a day", jump_the_clock),
    Strike("scanners' clocks are hours off", wrong_scanner_clocks),
    Strike("the clock of orders' machine is set", wrong_machine_clock(30.0), is_long=True),
    Strike("broker frozen for 20 s", broker_away(20.0), is_long=True),
    Strike("broker frozen for 90 s", broker_away(90.0), is_long=True),
    Strike("customers' database is away for 60 s", database_away(60.0), is_long=True),
    Strike("a lock held for 60 s", hold_a_lock(60.0), is_long=True),
    Strike(f"{BEHIND_PROXY} cut off for 60 s", cut_off(60.0), is_long=True),
)

# What may strike at any moment of a storm, one upon the other.
STORM: tuple[Strike, ...] = (
    *(kill(name) for name in PROCESSES),
    Strike("kill -9 a gateway worker", kill_gateway_worker),
    *(stop_gently(name) for name in PROCESSES[:4]),
    kill("rabbitmq"),
    Strike("broker closes every connection", close_connections),
    Strike("database restarts at once", restart_postgres(signal.SIGQUIT)),
    Strike("all database connections terminated", terminate_backends),
    Strike("the proxy resets connections", cut_off(1.0)),
)


@dataclass
class Suffered:
    """What one fault did."""

    fault: str
    struck: int = 0
    accepted: int = 0
    wrong: int = 0
    lost: int = 0
    twice: int = 0
    seconds_until_whole: float = 0.0


def suffer(house: House, strike: Strike, *, work_after: int = 5) -> Suffered:
    """Strike once in the middle of the work, and wait until the system is whole and at work."""
    ledger = house.ledger
    with ledger.during(strike.name):
        if not ledger.await_more_accepted(1, _MET_SECONDS):
            raise NotAsPromised("no work is going on before the strike")
        house.struck_at = None
        try:
            strike.do(house)
        except (NotAsPromised, TimeoutError, Problem) as broken:
            ledger.write_wrong(f"{strike.name}: {broken}")
        began = house.began_to_recover()
        house.await_whole()
        seconds = time.monotonic() - began
        if not ledger.await_more_accepted(work_after, _MET_SECONDS):
            ledger.write_wrong("no work goes on after the strike")
    return Suffered(
        strike.name,
        struck=1,
        accepted=len(ledger.accepted(strike.name)),
        wrong=len(ledger.wrong_in(strike.name)),
        seconds_until_whole=seconds,
    )


def storm(house: House, seconds: float, chance: random.Random, *, least: int = 0) -> int:
    """Strike at random for so long, and so often at `least`, not waiting for anything to be whole.

    Gives how often.
    """
    struck = 0
    end = time.monotonic() + seconds
    pause = threading.Event()
    with house.ledger.during("storm"):
        while time.monotonic() < end or struck < least:
            strike = chance.choice(STORM)
            try:
                strike.do(house)
            except (TimeoutError, Problem, NotAsPromised) as problem:
                house.seen.append(f"{strike.name}: {problem}")
            struck += 1
            pause.wait(chance.uniform(0.0, 1.5))
    return struck
