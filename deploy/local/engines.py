"""The two engines of an instance: private PostgreSQL and RabbitMQ, or addresses we were given."""

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.local import packages, postgres, rabbitmq, secrets_file
from deploy.local.broker import BrokerControl, control_from
from deploy.local.places import CHECKOUT, Places, checkout_hash
from deploy.local.postgres import PostgresServer
from deploy.local.problems import Problem
from deploy.local.processes import Process, Program
from deploy.local.rabbitmq import RabbitNode
from deploy.local.secrets_file import InstanceSecrets

PG_VARIABLE = "GENDAN_PG_ADMIN_URL"
AMQP_VARIABLE = "GENDAN_AMQP_ADMIN_URL"
# rabbitmqctl for a given broker, quoted as for a shell; without it every part
# uses the given user and vhost.
CONTROL_VARIABLE = "GENDAN_RABBITMQCTL"


@dataclass(frozen=True)
class Engines:
    """Where both engines are, and how to start them when they are ours.

    `postgres` and `node` are None when the addresses were given: then somebody
    else starts and stops the engines. Without `control` no users and vhosts can be made.
    """

    pg_admin_url: str
    amqp_admin_url: str
    control: BrokerControl | None = None
    postgres: PostgresServer | None = None
    node: RabbitNode | None = None

    @property
    def are_ours(self) -> bool:
        """Whether the engines are private ones, which we install, start and stop."""
        return self.postgres is not None

    def programs(self) -> list[Program]:
        """Return what has to run, in the order of starting."""
        chosen: list[Program] = []
        if self.postgres:
            chosen.append(self.postgres.program())
        if self.node:
            chosen += [self.node.epmd(), self.node.program()]
        return chosen

    def addresses(self) -> dict[str, str]:
        """Return the environment by which another process uses these engines as given ones."""
        given = {PG_VARIABLE: self.pg_admin_url, AMQP_VARIABLE: self.amqp_admin_url}
        if self.control:
            given[CONTROL_VARIABLE] = shlex.join(self.control.command)
        return given

    def check_given(self) -> None:
        """Raise `Problem` when an engine whose address was given does not answer."""
        if self.postgres is None and not postgres.answers(self.pg_admin_url):
            raise Problem(f"PostgreSQL at {PG_VARIABLE} does not answer; start it or unset it.")
        if self.node is None and (why := rabbitmq.why_not(self.amqp_admin_url)):
            raise Problem(f"RabbitMQ at {AMQP_VARIABLE} {why}")


def given_engines(environment: Mapping[str, str] = os.environ) -> Engines | None:
    """Return the engines whose addresses the environment gives, if it gives any."""
    given_pg, given_amqp = environment.get(PG_VARIABLE), environment.get(AMQP_VARIABLE)
    if bool(given_pg) != bool(given_amqp):
        raise Problem(f"Give both {PG_VARIABLE} and {AMQP_VARIABLE}, or neither.")
    if not given_pg or not given_amqp:
        return None
    return Engines(given_pg, given_amqp, control_from(environment.get(CONTROL_VARIABLE)))


def private_engines(places: Places, kept: InstanceSecrets, *, durable: bool = True) -> Engines:
    """Return an instance's own engines, started or not."""
    server = PostgresServer(places, kept.postgres_port, kept.postgres_password, durable)
    node = RabbitNode(
        places=places,
        name=f"gendan-{checkout_hash(CHECKOUT)}-{places.name}",
        port=kept.amqp_port,
        distribution_port=kept.distribution_port,
        epmd_port=kept.epmd_port,
        password=kept.rabbitmq_password,
        cookie=kept.rabbitmq_cookie,
    )
    return Engines(server.admin_url, node.admin_url, node.control, server, node)


def settled_secrets(places: Places) -> InstanceSecrets:
    """Return the instance's ports and passwords, drawn or moved as needed, and saved."""
    path = places.home / "secrets.json"
    kept = secrets_file.load(path) or secrets_file.draw()
    kept.move_taken_ports()
    secrets_file.save(kept, path)
    return kept


@contextmanager
def running_engines(
    places: Places, say: Callable[[str], None] = lambda _: None, *, durable: bool = True
) -> Iterator[Engines]:
    """Run an instance's own engines for as long as the block lasts.

    What is not `durable` survives the death of every process, but not a power cut.
    """
    places.make()
    places.check_space()
    engines = private_engines(places, settled_secrets(places), durable=durable)
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
