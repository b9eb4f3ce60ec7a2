"""Real engines for every test that asks: PostgreSQL and RabbitMQ, databases and vhosts.

The pytest process is never monkey-patched by eventlet: nameko services run in processes of
their own (`start`), as they do in production. A patched pytest would hand green sockets,
locks and threads to every later test, and which those are would depend on the order.

`./gendan test` gives the engines' addresses by the environment; a bare `pytest` starts a
temporary pair, unless several processes (`-n`) would. A run in which no test asks for them starts
none.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local import databases, records, test_run
from deploy.local.broker import Definition, Permission, address_in
from deploy.local.engines import (
    AMQP_VARIABLE,
    CONTROL_VARIABLE,
    PG_VARIABLE,
    Engines,
    given_engines,
    running_engines,
)
from deploy.local.parts import Wiring
from deploy.local.problems import Problem
from deploy.local.processes import Process, Program
from tests.forks import ForkedProcess
from tests.system import System, running_system
from tests.templates import PASSWORD, Templates

# Files run beside each other: how long an example takes says nothing.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
#: The profile of a run longer than the suite has time for: `--hypothesis-profile long`.
settings.register_profile("long", deadline=None)

VHOSTS_AT_A_TIME = 6
EVERYTHING = Permission(configure=".*", write=".*", read=".*")

# Whoever asks for these takes longest, by the file: what begins first leaves least to wait for.
LONGEST = ("house", "system")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest work first, for `./gendan test`, which runs a few files at a time."""

    def turn(item: pytest.Item) -> tuple[int, bool]:
        fixtures = getattr(item, "fixturenames", ())
        rank = next((n for n, name in enumerate(LONGEST) if name in fixtures), len(LONGEST))
        # Units are many and short: they fill up the end.
        return rank, "unit" in item.path.parts

    items.sort(key=turn)


@dataclass(frozen=True)
class Vhost:
    """A RabbitMQ vhost of one test, and the address of a user that may do anything in it."""

    name: str
    url: str


@pytest.fixture(scope="session")
def session_tag() -> str:
    """A word that tells this run's databases, roles and vhosts from those of any other."""
    return f"t{secrets.token_hex(4)}"


def _check(given: Engines) -> None:
    """Raise Problem if engines do not answer; on a busy machine an answer may take its time.

    What is raised here fails every test of this process.
    """
    give_up = time.monotonic() + 60.0
    while True:
        try:
            given.check_given()
        except Problem:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.5)
        else:
            return


@pytest.fixture(scope="session")
def engines(session_tag: str) -> Iterator[Engines]:
    """PostgreSQL and RabbitMQ, with their administrators' addresses."""
    given = given_engines()
    if given:
        _check(given)
        yield given
        return
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Each would start a pair, and take what another has made on its own for there.
        pytest.fail(
            "Tests that run beside each other share their engines: run `./gendan test`, which"
            f" starts them, or give {PG_VARIABLE}, {AMQP_VARIABLE} and {CONTROL_VARIABLE}.",
            pytrace=False,
        )
    places = test_run.instance_for_tests(session_tag)
    try:
        with records.holding(places.home), running_engines(places, durable=False) as started:
            yield started
    finally:
        places.remove()


@pytest.fixture(scope="session")
def templates(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    """Give the name of a service's migrated, empty database: `templates("orders")`."""
    own = tmp_path_factory.getbasetemp()
    # xdist gives each of its processes a folder within the run's.
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    templates = Templates(engines, run / "templates")
    with templates.in_use():
        yield templates


@pytest.fixture
def database_factory(engines: Engines, templates: Templates) -> Iterator[Callable[[str], str]]:
    """Give a fresh migrated database of a service: `database_factory("orders") -> url`.

    The address is SQLAlchemy's (`postgresql+psycopg2://`), its user the owner of the tables;
    the database is dropped after the test.
    """
    made: list[str] = []

    def create(service: str) -> str:
        template = templates(service)
        name = f"{template}_{secrets.token_hex(4)}"
        databases.ensure_database(engines.pg_admin_url, name, template, template=template)
        made.append(name)
        return databases.for_sqlalchemy(
            databases.database_url(
                engines.pg_admin_url, database=name, role=template, password=PASSWORD
            )
        )

    yield create
    for name in made:
        databases.drop_database(engines.pg_admin_url, name)


@pytest.fixture
def empty_database(engines: Engines) -> Iterator[str]:
    """Give a fresh database without any table, as SQLAlchemy's address of the superuser."""
    name = f"t_empty_{secrets.token_hex(4)}"
    owner = databases.role_in(engines.pg_admin_url)
    databases.ensure_database(engines.pg_admin_url, name, owner)
    yield databases.for_sqlalchemy(databases.with_database(engines.pg_admin_url, name))
    databases.drop_database(engines.pg_admin_url, name)


@pytest.fixture(scope="session")
def vhosts(engines: Engines, session_tag: str) -> Iterator[Callable[[], Vhost]]:
    """Give fresh RabbitMQ vhosts, each with a user of its own: `vhosts()`.

    A few are made at a time, and all go with the run: a start of rabbitmqctl takes a second.
    """
    control = engines.control
    if control is None:
        pytest.fail("GENDAN_RABBITMQCTL must say how to run rabbitmqctl for the given broker")
    made: list[str] = []
    fresh: list[str] = []

    def give() -> Vhost:
        if not fresh:
            fresh.extend(f"{session_tag}-{secrets.token_hex(4)}" for _ in range(VHOSTS_AT_A_TIME))
            made.extend(fresh)
            control.define_all(
                Definition(name, {name: PASSWORD}, {name: EVERYTHING}) for name in fresh
            )
        name = fresh.pop()
        url = address_in(engines.amqp_admin_url, vhost=name, user=name, password=PASSWORD)
        return Vhost(name, url)

    yield give
    control.drop(vhosts=made, users=made)


@pytest.fixture
def vhost(vhosts: Callable[[], Vhost]) -> Vhost:
    """Give a fresh RabbitMQ vhost and a user of its own."""
    return vhosts()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Program], Process]]:
    """Start a program and wait until it is ready; what still runs ends with the test."""
    with ExitStack() as running:

        def started(program: Program) -> Process:
            process = ForkedProcess(program)
            # That a process ends as it should is for the tests that ask it to.
            running.callback(process.kill)
            process.await_ready()
            return process

        yield started


@pytest.fixture
def wiring(tmp_path: Path) -> Callable[..., Wiring]:
    """Give the wiring of processes on one vhost: `wiring(vhost, orders=database_url)`.

    `start(wiring(...).service("orders"))` then runs a service as production does.
    """
    numbers = count(1)

    def wire(vhost: Vhost, *, clock_file: Path | None = None, **urls: str) -> Wiring:
        folder = tmp_path / f"system-{next(numbers)}"
        run, logs = folder / "run", folder / "logs"
        run.mkdir(parents=True)
        logs.mkdir()
        return Wiring.on_one_vhost(
            bus=vhost.url, databases=urls, logs=logs, run=run, clock_file=clock_file
        )

    return wire


@pytest.fixture(scope="module")
def system(
    engines: Engines,
    templates: Templates,
    session_tag: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[System]:
    """The whole system, started once per file: for end-to-end tests, which share it.

    One that stayed until the run's end would take as much as many starts do. A test that kills
    parts or needs other settings runs one of its own (tests/system.py).
    """
    folder = tmp_path_factory.mktemp("system")
    with running_system(engines, f"{session_tag}_system", folder, templates=templates) as running:
        yield running
