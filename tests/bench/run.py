"""`./gendan bench`: the figures of the issue's section Speed, ours beside a yardstick, in one run.

Absolute figures swing by a factor of two on shared machines. What counts are ratios: ours and the
yardstick are measured in turn, round by round, and the median of the rounds' ratios is told.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psycopg2

from deploy.demo.people import API
from deploy.local import databases, records, test_run
from deploy.local.broker import Permission, address_in
from deploy.local.databases import SERVICES
from deploy.local.engines import Engines, running_engines
from deploy.local.health import family, resident_bytes
from deploy.local.places import CHECKOUT
from deploy.local.ports import free_ports
from deploy.local.processes import Process, Program
from tests.bench import books, load, rpc, searches
from tests.bench.company import PRODUCTS, Trade
from tests.bench.processes import cpu_seconds, descendants
from tests.bench.searches import Shelf, asked_in_turn
from tests.system import System, running_system
from tests.templates import PASSWORD, Templates

TAG = "bench"
EVERYTHING = Permission(configure=".*", write=".*", read=".*")
#: As many as `./gendan up` runs.
GATEWAY_WORKERS = 2
YARDSTICK_THREADS = 8
_DRAIN_SECONDS = 300.0
_CORES = 2

Say = Callable[[str], None]

#: What each figure is to be: at least or at most so much.
GOALS: dict[str, tuple[str, float]] = {
    "rpc_ratio_nameko": ("≥", 2.5),
    "rpc_ratio_kombu": ("≥", 0.7),
    "submit_ratio_sql": ("≥", 0.04),
    "drain_s": ("≤", 15.0),
    "read_ratio_wsgi": ("≥", 0.3),
    "search_growth": ("≤", 1.5),
    "search_p95_ms": ("≤", 60.0),
    "idle_mb_max": ("≤", 100.0),
    "idle_cpu_percent": ("≤", 5.0),
}
KEYS = (
    "rpc_ratio_nameko",
    "rpc_ratio_kombu",
    "submit_ratio_sql",
    "submits_per_s",
    "submit_p95_ms",
    "submit_cpu_ms",
    "drain_s",
    "read_ratio_wsgi",
    "search_growth",
    "search_p95_ms",
    "idle_mb_max",
    "idle_cpu_percent",
)


@dataclass(frozen=True)
class Extent:
    """How long and how much is measured."""

    rpc_rounds: int = 5
    rpc_seconds: float = 3.0
    submit_rounds: int = 3
    submit_seconds: float = 30.0
    sql_seconds: float = 5.0
    read_rounds: int = 5
    read_seconds: float = 3.0
    small: books.Size = field(default_factory=lambda: books.Size(10_000, 2_000))
    large: books.Size = field(default_factory=lambda: books.Size(100_000, 20_000))
    search_rounds: searches.Rounds = field(
        default_factory=lambda: searches.Rounds(count=7, turns=40)
    )
    products: int = PRODUCTS
    idle_seconds: float = 30.0


QUICK = Extent(
    rpc_rounds=3,
    rpc_seconds=2.0,
    submit_rounds=2,
    submit_seconds=10.0,
    sql_seconds=3.0,
    read_rounds=3,
    read_seconds=2.0,
    search_rounds=searches.Rounds(count=5, turns=25),
    idle_seconds=15.0,
)


def measure(extent: Extent, say: Say) -> dict[str, float]:
    """Start engines and a system of our own, measure everything, and give the figures by key."""
    places = test_run.instance_for_tests(f"{TAG}-{os.getpid()}")
    try:
        with records.holding(places.home), running_engines(places, say) as engines:
            return measure_on(engines, extent, say)
    finally:
        places.remove()


def measure_on(
    engines: Engines,
    extent: Extent,
    say: Say,
    *,
    tag: str = TAG,
    begin: Callable[[Program], Process] = Process,
    templates: Templates | None = None,
) -> dict[str, float]:
    """Measure everything on engines that run; figures are good of real processes alone."""
    with tempfile.TemporaryDirectory(prefix="gendan-bench-") as folder:
        place = Path(folder) / "system"
        place.mkdir()
        say("starting the system")
        with running_system(
            engines,
            tag,
            place,
            gateway_workers=GATEWAY_WORKERS,
            begin=begin,
            templates=templates,
        ) as system:
            bench = Bench(engines, system, extent, say)
            return bench.figures()


@dataclass
class Bench:
    """One run on one system."""

    engines: Engines
    system: System
    extent: Extent
    say: Say

    def figures(self) -> dict[str, float]:
        found = self.rpc()
        trade = Trade(self.system, products=self.extent.products)
        found |= self.submits(trade)
        found |= self.idle()
        found |= self.reads(trade)
        found |= self.searches(trade)
        return {key: found[key] for key in KEYS}

    # -- calls -----------------------------------------------------------------------------

    def rpc(self) -> dict[str, float]:
        self.say("RPC: 16 callers; chassis, nameko as it comes, kombu alone")
        with self._bare_vhost() as url:
            return rpc.measure(
                url, rounds=self.extent.rpc_rounds, seconds=self.extent.rpc_seconds, say=self.say
            )

    @contextmanager
    def _bare_vhost(self) -> Iterator[str]:
        """Give a user of a vhost of its own: the yardsticks use queues no service may use."""
        control, name = self.engines.control, f"{self.system.installation.tag}_rpc"
        if control is None:
            yield self.engines.amqp_admin_url
            return
        control.define(vhost=name, passwords={name: PASSWORD}, permissions={name: EVERYTHING})
        try:
            yield address_in(self.engines.amqp_admin_url, vhost=name, user=name, password=PASSWORD)
        finally:
            control.drop(vhosts=[name], users=[name])

    # -- submits ---------------------------------------------------------------------------

    def submits(self, trade: Trade) -> dict[str, float]:
        extent = self.extent
        self.say("submits: 16 clients, three stock lines each; bare inserts on 8 connections")
        load.ask_for(self.system.url, trade.submits(), seconds=min(3.0, extent.submit_seconds))
        self._drain()
        ratios, rates, took, cpu, drains = [], [], [], [], []
        for number in range(1, extent.submit_rounds + 1):
            bare = self._bare_inserts(extent.sql_seconds)
            used = self._cpu_seconds()
            ours = load.ask_for(self.system.url, trade.submits(), seconds=extent.submit_seconds)
            drains.append(self._drain())
            cpu.append((self._cpu_seconds() - used) * 1000 / len(ours.took))
            ratios.append(ours.per_second / bare)
            rates.append(ours.per_second)
            took.append(ours.p95_ms)
            self.say(
                f"round {number}: {ours.per_second:.1f} submits/s (p95 {ours.p95_ms:.0f} ms, "
                f"{cpu[-1]:.1f} ms of CPU each, drained in {drains[-1]:.1f} s), "
                f"{bare:,.0f} bare inserts/s"
            )
        return {
            "submit_ratio_sql": round(median(ratios), 4),
            "submits_per_s": round(median(rates), 1),
            "submit_p95_ms": round(median(took), 1),
            "submit_cpu_ms": round(median(cpu), 1),
            "drain_s": round(median(drains), 1),
        }

    def _bare_inserts(self, seconds: float) -> float:
        name = f"{self.system.installation.tag}_bare"
        admin = self.engines.pg_admin_url
        databases.ensure_database(admin, name, databases.role_in(admin))
        try:
            finished = subprocess.run(
                [
                    *(sys.executable, "-m", "tests.bench.sql"),
                    *(databases.with_database(admin, name), str(seconds)),
                ],
                cwd=CHECKOUT,
                stdout=subprocess.PIPE,
                check=True,
                timeout=seconds + 60,
            )
        finally:
            databases.drop_database(admin, name)
        return float(finished.stdout)

    def _drain(self) -> float:
        """Wait until outboxes and queues are empty; give how long that took."""
        began = time.monotonic()
        while self._unsent() or self._queued():
            if time.monotonic() - began > _DRAIN_SECONDS:
                raise TimeoutError("outboxes or queues do not become empty")
            time.sleep(0.2)
        return time.monotonic() - began

    def _unsent(self) -> bool:
        return any(
            self._has_rows(service, "select from outbox where sent_at is null")
            for service in SERVICES
        )

    def _queued(self) -> bool:
        """Say whether any queue holds a message, those being worked on included."""
        control = self.engines.control
        if control is None:
            return False
        depths = control.run(
            *("list_queues", "--vhost", self.system.installation.vhost, "--no-table-headers"),
            "messages",
        )
        return any(int(depth) for depth in depths.split())

    def _has_rows(self, service: str, query: str) -> bool:
        url = self.system.database_url(service)
        with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
            cursor.execute(f"select exists ({query})")
            row = cursor.fetchone()
        return bool(row and row[0])

    def _cpu_seconds(self) -> float:
        """Give what everything but this process, which makes the load, has used of the cores."""
        return cpu_seconds(self._processes())

    def _processes(self) -> list[int]:
        return descendants(os.getpid())

    # -- at rest ---------------------------------------------------------------------------

    def idle(self) -> dict[str, float]:
        """Measure after the load: what it has left behind in memory counts.

        What it has left to be vacuumed is no part of rest, and is done before.
        """
        seconds = self.extent.idle_seconds
        for service in SERVICES:
            self._vacuum(service)
        self.say(f"at rest: {seconds:.0f} s without a request")
        time.sleep(seconds / 3)
        before, began = self._cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        used = (self._cpu_seconds() - before) / (time.monotonic() - began) / _CORES
        largest = max(
            resident_bytes(pid)
            for service in SERVICES
            for pid in family(self.system.process(f"{service}.1").pid)
        )
        return {
            "idle_mb_max": round(largest / 1_000_000, 1),
            "idle_cpu_percent": round(used * 100, 1),
        }

    def _vacuum(self, service: str) -> None:
        with closing(psycopg2.connect(self.system.database_url(service))) as database:
            database.autocommit = True
            with database.cursor() as cursor:
                cursor.execute("vacuum analyze")

    # -- reads -----------------------------------------------------------------------------

    def reads(self, trade: Trade) -> dict[str, float]:
        extent = self.extent
        self.say("reads: an order by its number, 16 clients; Falcon with psycopg2 alone")
        numbers = self._order_numbers()
        with self._yardstick_of_reads() as bare_url:
            ours = trade.reads(numbers, API + "/orders/{number}")
            theirs = trade.reads(numbers, "/orders/{number}", url=bare_url)
            ratios = []
            for number in range(1, extent.read_rounds + 1):
                bare = load.ask_for(bare_url, theirs, seconds=extent.read_seconds)
                mine = load.ask_for(self.system.url, ours, seconds=extent.read_seconds)
                ratios.append(mine.per_second / bare.per_second)
                self.say(
                    f"round {number}: {mine.per_second:,.0f} reads/s (p95 {mine.p95_ms:.0f} ms), "
                    f"{bare.per_second:,.0f} by Falcon alone"
                )
        return {"read_ratio_wsgi": round(median(ratios), 2)}

    def _order_numbers(self) -> list[str]:
        url = self.system.database_url("orders")
        with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
            cursor.execute('select number from "order" order by number desc limit 320')
            return [row[0] for row in cursor.fetchall()]

    @contextmanager
    def _yardstick_of_reads(self) -> Iterator[str]:
        (port,) = free_ports(1)
        wiring = self.system.wiring
        told = wiring.environment("gateway") | {
            "BENCH_DATABASE_URL": self.system.database_url("orders")
        }
        address = f"127.0.0.1:{port}"
        process = Process(
            Program(
                name="wsgi-yardstick",
                command=(
                    *(sys.executable, "-m", "gunicorn", "--bind", address, "--keep-alive", "15"),
                    *("--worker-class", "gthread", "--threads", str(YARDSTICK_THREADS)),
                    *("--workers", str(GATEWAY_WORKERS), "--no-control-socket"),
                    "tests.bench.wsgi:create_app()",
                ),
                environment=told,
                folder=CHECKOUT,
                log=wiring.logs / "wsgi-yardstick.log",
                is_ready=lambda: _answers(port),
            )
        )
        try:
            process.await_ready()
            yield f"http://{address}"
        finally:
            process.stop()

    # -- searches --------------------------------------------------------------------------

    def searches(self, trade: Trade) -> dict[str, float]:
        """Measure each search and list on small and on full books in turn; nothing else runs."""
        extent = self.extent
        with self._another_system() as other:
            little = Trade(other, products=extent.products)
            # Some of what the submits left in review in the full books, enough for a page of it.
            load.ask_for(other.url, little.submits(), seconds=min(3.0, extent.submit_seconds))
            small = self._shelf(other, little, extent.small)
            full = self._shelf(self.system, trade, extent.large)
            self.say("searches: each in both books, one by one")
            taken = asked_in_turn(small, full, extent.search_rounds)
        for path, one in sorted(taken.items(), key=lambda named: -named[1].growth):
            self.say(
                f"  {one.small_p95_ms:7.1f} → {one.full_p95_ms:7.1f} ms"
                f" (× {one.growth:.2f})  {path}"
            )
        return {
            "search_growth": round(max(one.growth for one in taken.values()), 2),
            "search_p95_ms": round(max(one.full_p95_ms for one in taken.values()), 1),
        }

    @contextmanager
    def _another_system(self) -> Iterator[System]:
        tag = f"{self.system.installation.tag}_small"
        with (
            tempfile.TemporaryDirectory(prefix="gendan-bench-") as folder,
            running_system(
                self.engines, tag, Path(folder) / "system", gateway_workers=GATEWAY_WORKERS
            ) as system,
        ):
            yield system

    def _shelf(self, system: System, trade: Trade, size: books.Size) -> Shelf:
        self.say(f"books of {size.orders:,} orders and {size.customers:,} customers")
        filled = books.Books(system, trade).fill(size)
        return Shelf(system.url, trade.company, filled)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def told(figures: dict[str, float]) -> list[str]:
    """Give the lines that tell the figures, each beside its goal."""
    lines = []
    for key, value in figures.items():
        line = f"{key:18} {value:10g}"
        if key in GOALS:
            sign, goal = GOALS[key]
            is_met = value >= goal if sign == "≥" else value <= goal
            line += f"   {sign} {goal:g}  {'reached' if is_met else 'not reached'}"
        lines.append(line)
    return lines
