"""The two engines of an instance: private PostgreSQL and RabbitMQ, or addresses we were given."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.local import packages, postgres, rabbitmq, secrets_file
from deploy.local.places import CHECKOUT, Places, checkout_hash
from deploy.local.postgres import PostgresServer
from deploy.local.problems import Problem
from deploy.local.processes import Process, Program
from deploy.local.rabbitmq import RabbitNode
from deploy.local.secrets_file import InstanceSecrets

PG_VARIABLE = "GENDAN_PG_ADMIN_URL"
AMQP_VARIABLE = "GENDAN_AMQP_ADMIN_URL"


@dataclass(frozen=True)
class Engines:
    """Where both engines are, and how to start them when they are ours.

    `postgres` and `node` are None when the addresses were given: then somebody
    else starts and stops the engines.
    """

    pg_admin_url: str
    amqp_admin_url: str
    postgres: PostgresServer | None = None
    node: RabbitNode | None = None

    def programs(self) -> list[Program]:
        """Return what has to run, in the order of starting."""
        chosen: list[Program] = []
        if self.postgres:
            chosen.append(self.postgres.program())
        if self.node:
            chosen += [self.node.epmd(), self.node.program()]
        return chosen

    def check_given(self) -> None:
        """Raise `Problem` when an engine whose address was given does not answer."""
        if self.postgres is None and not postgres.answers(self.pg_admin_url):
            raise Problem(f"PostgreSQL at {PG_VARIABLE} does not answer; start it or unset it.")
        if self.node is None and not rabbitmq.answers(self.amqp_admin_url):
            raise Problem(f"RabbitMQ at {AMQP_VARIABLE} does not answer; start it or unset it.")


def engines_for(
    places: Places, kept: InstanceSecrets, environment: Mapping[str, str] = os.environ
) -> Engines:
    """Return the engines of an instance: given by the environment, or else private ones."""
    given_pg, given_amqp = environment.get(PG_VARIABLE), environment.get(AMQP_VARIABLE)
    if bool(given_pg) != bool(given_amqp):
        raise Problem(f"Give both {PG_VARIABLE} and {AMQP_VARIABLE}, or neither.")
    if given_pg and given_amqp:
        return Engines(given_pg, given_amqp)
    server = PostgresServer(places, kept.postgres_port, kept.postgres_password)
    node = RabbitNode(
        places=places,
        name=f"gendan-{checkout_hash(CHECKOUT)}-{places.name}",
        port=kept.amqp_port,
        distribution_port=kept.distribution_port,
        epmd_port=kept.epmd_port,
        password=kept.rabbitmq_password,
        cookie=kept.rabbitmq_cookie,
    )
    return Engines(server.admin_url, node.admin_url, server, node)


def settled_secrets(places: Places) -> InstanceSecrets:
    """Return the instance's ports and passwords, drawn or moved as needed, and saved."""
    path = places.home / "secrets.json"
    kept = secrets_file.load(path) or secrets_file.draw()
    kept.move_taken_ports()
    secrets_file.save(kept, path)
    return kept


@contextmanager
def running_engines(
    places: Places, say: Callable[[str], None] = lambda _: None
) -> Iterator[Engines]:
    """Run an instance's engines for as long as the block lasts."""
    places.make()
    engines = engines_for(places, settled_secrets(places))
    engines.check_given()
    if engines.programs():
        packages.ensure_engine_packages(say)
    started: list[Process] = []
    try:
        for program in engines.programs():
            say(f"starting {program.name}")
            process = Process(program)
            started.append(process)
        for process in started:
            process.await_ready()
        yield engines
    finally:
        for process in reversed(started):
            process.stop()
