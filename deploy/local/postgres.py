"""A private PostgreSQL server: made once, bound to loopback, run in the foreground."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg2

from deploy.local.packages import postgres_bin
from deploy.local.places import Places, make_private, write_private
from deploy.local.ports import LOOPBACK
from deploy.local.problems import Problem
from deploy.local.processes import Program

SUPERUSER = "gendan_admin"
BASE_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

# Unix sockets are off: their path may be longer than the 107 bytes the kernel
# allows, and their default folder may belong to another server.
CONFIGURATION = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 300
shared_buffers = 128MB
fsync = {durable}
full_page_writes = {durable}
synchronous_commit = on
wal_level = replica
max_wal_size = 512MB
default_toast_compression = 'lz4'
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = 2000
lc_messages = 'C.UTF-8'
"""
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True)
class PostgresServer:
    """One private cluster, its port and its superuser's password."""

    places: Places
    port: int
    password: str
    #: Off only in runs of the tests: nothing but a machine's power cut can tell, and cloning a
    #: database for each test takes a fifth of the time.
    durable: bool = True

    @property
    def folder(self) -> Path:
        return self.places.data / "postgres"

    @property
    def admin_url(self) -> str:
        """libpq address of the superuser's own database."""
        return f"postgresql://{SUPERUSER}:{quote(self.password)}@{LOOPBACK}:{self.port}/postgres"

    def program(self) -> Program:
        """Return the server as a program that can be supervised."""
        return Program(
            name="postgresql",
            command=(str(self._bin() / "postgres"), "-D", str(self.folder)),
            environment=BASE_ENVIRONMENT,
            folder=self.places.data,
            log=self.places.logs / "postgresql.log",
            is_ready=lambda: answers(self.admin_url),
            account=self.places.account,
            run=self.places.run,
            stop_signal=signal.SIGINT,
            before_start=self.prepare,
        )

    def prepare(self) -> None:
        """Make the cluster when there is none, and write today's configuration."""
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        account = self.places.account
        write_private(self.folder / "postgresql.conf", self.configuration(), account)
        write_private(self.folder / "pg_hba.conf", ACCESS, account)

    def configuration(self) -> str:
        """Return what postgresql.conf says."""
        durable = "on" if self.durable else "off"
        return CONFIGURATION.format(host=LOOPBACK, port=self.port, durable=durable)

    def _initialise(self) -> None:
        """Make the cluster beside its place: what has its name there is whole."""
        account = self.places.account
        unfinished = self.places.data / "postgres.part"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        make_private(unfinished, account)
        password_file = self.places.data / "postgres-password"
        write_private(password_file, self.password, account)
        finished = subprocess.run(
            [
                str(self._bin() / "initdb"),
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ],
            env=BASE_ENVIRONMENT,
            cwd=self.places.data,
            capture_output=True,
            text=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        password_file.unlink()
        if finished.returncode != 0:
            reason = (finished.stderr.strip().splitlines() or ["no output"])[-1]
            raise Problem(f"PostgreSQL's initdb could not make {self.folder}: {reason}")
        unfinished.rename(self.folder)

    def _check_version(self) -> None:
        made_by = (self.folder / "PG_VERSION").read_text().strip()
        newest = self._bin().parent.name
        if made_by != newest:
            raise Problem(
                f"The data in {self.folder} were made by PostgreSQL {made_by} and {newest} is "
                f"installed; install postgresql-{made_by} again or start anew with --fresh."
            )

    @staticmethod
    def _bin() -> Path:
        folder = postgres_bin()
        if folder is None:
            raise Problem("PostgreSQL 15 or newer is not installed: run `apt install postgresql`.")
        return folder


def answers(url: str) -> bool:
    """Say whether the server behind `url` lets its user in."""
    try:
        psycopg2.connect(url, connect_timeout=2).close()
    except psycopg2.OperationalError:
        return False
    return True


def client_program(name: str) -> str:
    """Return the path of a client program such as pg_dump, as new as the server's."""
    folder = postgres_bin()
    if folder and os.access(folder / name, os.X_OK):
        return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise Problem(
            f"{name} is missing: install PostgreSQL's client programs (on Debian: "
            "apt install postgresql-client)."
        )
    return found


def run_client(program: str, url: str, *arguments: str | Path) -> None:
    """Run a client program; the password goes by the environment, where nobody else sees it.

    All else that the address says goes along: how the server is to prove who it is, too. Raises
    `Problem` with the program's last words.
    """
    parameters = psycopg2.extensions.parse_dsn(url)
    environment = os.environ | {"PGPASSWORD": parameters.pop("password", "")}
    database = psycopg2.extensions.make_dsn(**parameters)
    finished = subprocess.run(
        [client_program(program), f"--dbname={database}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        reason = (finished.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"{program} failed: {reason}")
