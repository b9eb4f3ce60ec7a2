"""The private engines as they really run."""

import os
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

import amqp
import psycopg2
import pytest

from deploy.local import databases, rabbitmq
from deploy.local.engines import Engines
from deploy.local.places import places_for
from deploy.local.postgres import PostgresServer, run_client
from deploy.local.problems import Problem
from tests.conftest import Vhost


def setting(engines: Engines, name: str) -> str:
    with closing(psycopg2.connect(engines.pg_admin_url)) as admin, admin.cursor() as cursor:
        cursor.execute("select current_setting(%s)", (name,))
        row = cursor.fetchone()
    assert row is not None
    return str(row[0])


def test_a_server_outlives_a_power_cut_unless_it_is_a_tests() -> None:
    places = places_for("durability")

    durable = PostgresServer(places, 1, "word").configuration()
    assert "\nfsync = on\nfull_page_writes = on\n" in durable
    hasty = PostgresServer(places, 1, "word", durable=False).configuration()
    assert "\nfsync = off\nfull_page_writes = off\n" in hasty


def test_a_cluster_whose_making_broke_off_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is known by is the first that initdb writes, which itself would take seconds here."""
    places = places_for(f"initdb-{os.getpid()}")
    places.make()
    server = PostgresServer(places, 1, "word")
    found: list[list[Path]] = []

    def initdb(command: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        folder = Path(command[1].removeprefix("--pgdata="))
        found.append(list(folder.iterdir()))
        (folder / "PG_VERSION").write_text(f"{Path(command[0]).parents[1].name}\n")
        if len(found) == 1:
            raise KeyboardInterrupt
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("subprocess.run", initdb)
    try:
        with pytest.raises(KeyboardInterrupt):
            server.prepare()
        server.prepare()
        server.prepare()

        assert found == [[], []]
        assert [path.name for path in places.data.iterdir()] == ["postgres"]
    finally:
        places.remove()


def test_postgresql_commits_before_it_answers_and_has_room_for_every_pool(
    engines: Engines,
) -> None:
    assert setting(engines, "synchronous_commit") == "on"
    assert setting(engines, "max_connections") == "300"


def test_engines_listen_on_loopback_alone(engines: Engines) -> None:
    ports = {urlsplit(url).port for url in (engines.pg_admin_url, engines.amqp_admin_url)}
    listening = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, state = line.split()[1], line.split()[3]
        host, _, port = address.partition(":")
        if state == "0A":
            listening[int(port, 16)] = host

    assert {listening[port] for port in ports if port} == {"0100007F"}


def test_a_broker_is_known_by_an_address_that_quotes_its_parts(engines: Engines) -> None:
    parts = urlsplit(engines.amqp_admin_url)
    password = "".join(f"%{ord(letter):02X}" for letter in unquote(parts.password or ""))

    address = f"amqp://{parts.username}:{password}@{parts.hostname}:{parts.port}/%2F"

    assert rabbitmq.why_not(address) is None


def test_a_broker_that_refuses_is_told_from_one_that_is_not_there(engines: Engines) -> None:
    server = urlsplit(engines.amqp_admin_url).netloc
    stranger = f"someone:else@{server.rpartition('@')[2]}"

    vhost = rabbitmq.why_not(f"amqp://{server}/nowhere")
    user = rabbitmq.why_not(f"amqp://{stranger}//")
    plain = rabbitmq.why_not(f"amqps://{server}//")

    assert vhost == "lets nobody in by this address: NOT_ALLOWED - vhost nowhere not found"
    assert user is not None
    assert user.startswith("lets nobody in by this address: ACCESS_REFUSED")
    assert plain is not None
    assert plain.startswith("does not answer (")


def test_a_client_program_holds_the_server_to_all_that_its_address_says(
    engines: Engines, tmp_path: Path
) -> None:
    arguments = ("--schema-only", f"--file={tmp_path / 'dump'}")

    run_client("pg_dump", engines.pg_admin_url, *arguments)
    with pytest.raises(Problem, match=r"SSL|certificate"):
        run_client("pg_dump", f"{engines.pg_admin_url}?sslmode=verify-full", *arguments)


def test_a_role_cannot_enter_another_services_database(engines: Engines, session_tag: str) -> None:
    admin = engines.pg_admin_url
    names = [f"{session_tag}_{word}" for word in ("mine", "yours")]
    for name in names:
        databases.ensure_role(admin, name, "x")
        databases.ensure_database(admin, name, name)
    mine, yours = names
    url = databases.database_url(admin, database=yours, role=mine, password="x")

    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(url)

    for name in names:
        databases.drop_database(admin, name)
        databases.drop_role(admin, name)


def test_a_vhosts_user_cannot_enter_another_vhost(engines: Engines, vhost: Vhost) -> None:
    parts = urlsplit(vhost.url)
    connection = amqp.Connection(
        f"{parts.hostname}:{parts.port}", parts.username, parts.password, virtual_host="/"
    )

    with pytest.raises(amqp.NotAllowed):
        connection.connect()
