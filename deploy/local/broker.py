"""Give RabbitMQ its vhosts, users and permissions, through one rabbitmqctl call."""

import base64
import hashlib
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from kombu.connection import Connection

from chassis import settings, topology
from deploy.local.databases import SERVICES
from deploy.local.problems import Problem


@dataclass(frozen=True)
class Permission:
    """What one user may do in one vhost: regular expressions over queue and exchange names."""

    configure: str
    write: str
    read: str


@dataclass(frozen=True)
class TopicPermission:
    """Which routing keys of one topic exchange a user may publish with and bind to."""

    exchange: str
    write: str
    read: str


@dataclass(frozen=True)
class Definition:
    """One vhost, its users with their passwords, and what each of them may do in it."""

    vhost: str
    passwords: Mapping[str, str]
    permissions: Mapping[str, Permission]
    topic_permissions: Mapping[str, TopicPermission] = field(default_factory=dict)

    def to_import(self) -> dict[str, list[dict[str, Any]]]:
        """Return it as `rabbitmqctl import_definitions` reads it."""
        return {
            "vhosts": [{"name": self.vhost}],
            "users": [
                {
                    "name": name,
                    "password_hash": password_hash(password),
                    "hashing_algorithm": "rabbit_password_hashing_sha256",
                    "tags": "",
                    "limits": {},
                }
                for name, password in self.passwords.items()
            ],
            "permissions": [
                {
                    "user": user,
                    "vhost": self.vhost,
                    "configure": allowed.configure,
                    "write": allowed.write,
                    "read": allowed.read,
                }
                for user, allowed in self.permissions.items()
            ],
            "topic_permissions": [
                {
                    "user": user,
                    "vhost": self.vhost,
                    "exchange": keys.exchange,
                    "write": keys.write,
                    "read": keys.read,
                }
                for user, keys in self.topic_permissions.items()
            ],
        }


@dataclass(frozen=True)
class BrokerControl:
    """rabbitmqctl, aimed at one node: `command` runs it as the user who may."""

    command: Sequence[str]

    def run(self, *arguments: str, given: str | None = None) -> str:
        """Run rabbitmqctl and return what it printed; raise `Problem` when it fails."""
        finished = subprocess.run(
            [*self.command, *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            words = (finished.stderr or finished.stdout).strip().splitlines()
            raise Problem(f"rabbitmqctl {arguments[0]} failed: {(words or ['no output'])[0]}")
        return finished.stdout

    def define(
        self,
        *,
        vhost: str,
        passwords: Mapping[str, str],
        permissions: Mapping[str, Permission],
        topic_permissions: Mapping[str, TopicPermission] | None = None,
    ) -> None:
        """Create or update a vhost, its users and what they may do, all at once."""
        self.define_all([Definition(vhost, passwords, permissions, topic_permissions or {})])

    def define_all(self, wanted: Iterable[Definition]) -> None:
        """Create or update many vhosts, in one call."""
        definitions: dict[str, list[dict[str, Any]]] = {}
        for definition in wanted:
            for kind, entries in definition.to_import().items():
                definitions.setdefault(kind, []).extend(entries)
        self.run("import_definitions", given=json.dumps(definitions))

    def vhosts(self) -> set[str]:
        """Return the names of all vhosts."""
        printed = self.run("list_vhosts", "--formatter", "json", "name")
        return {vhost["name"] for vhost in json.loads(printed)}

    def drop(self, *, vhosts: Iterable[str], users: Iterable[str]) -> None:
        """Delete vhosts with all that is in them, and users with all that they may, if there.

        In one call: each start of rabbitmqctl takes a second of CPU.
        """
        ours, theirs = (", ".join(f'<<"{name}">>' for name in names) for names in (vhosts, users))
        self.run(
            "eval",
            f'[rabbit_vhost:delete(V, <<"gendan">>) || V <- [{ours}], rabbit_vhost:exists(V)], '
            f'[rabbit_auth_backend_internal:delete_user(U, <<"gendan">>) || U <- [{theirs}], '
            "rabbit_auth_backend_internal:exists(U)].",
        )


def password_hash(password: str, salt: bytes | None = None) -> str:
    """Return a password as RabbitMQ keeps it: base64 of salt and salted SHA-256."""
    salt = os.urandom(4) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def control_from(command_line: str | None) -> BrokerControl | None:
    """Return the control of a node from a shell-quoted command line, if there is one."""
    return BrokerControl(shlex.split(command_line)) if command_line else None


def address_in(admin_url: str, *, vhost: str, user: str, password: str) -> str:
    """Return the address of a user in a vhost of the node behind `admin_url`."""
    parts = urlsplit(admin_url)
    host = re.sub(r"^.*@", "", parts.netloc)
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"
    return urlunsplit((parts.scheme, netloc, "/" + quote(vhost, safe=""), "", ""))


def tls_to(amqp_url: str) -> dict[str, object] | None:
    """Give what amqp wants for TLS, as the parts read it from the same environment."""
    return settings.tls_to(amqp_url, os.environ.get("GENDAN_AMQP_CA_FILE"))


def purge_queues(amqp_url: str) -> None:
    """Empty all event and parking queues of a vhost that is not ours to delete."""
    names = [topology.queue_name(source, to) for source in SERVICES for to in SERVICES]
    names += [topology.parking_name(listener) for listener in SERVICES]
    tls = tls_to(amqp_url)
    with Connection(amqp_url, connect_timeout=10, ssl=tls) as connection:  # type: ignore[no-untyped-call]
        for name in names:
            # A queue that is not there closes the channel it was asked for on.
            with connection.channel() as channel, suppress(connection.channel_errors):
                channel.queue_purge(name)
