"""Databases, their roles, and bringing them to the newest migration."""

import json
import subprocess
import sys
from collections.abc import Collection, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql

from deploy.local.places import CHECKOUT
from deploy.local.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import connection

SERVICES = ("orders", "customers", "inventory", "shipping", "aftersales")
GATEWAY = "gateway"
PARTS = (*SERVICES, GATEWAY)
SQLALCHEMY_SCHEME = "postgresql+psycopg2://"


@contextmanager
def administrating(admin_url: str) -> "Iterator[connection]":
    """Open a superuser's connection outside of transactions, as CREATE DATABASE wants it."""
    with closing(psycopg2.connect(admin_url, connect_timeout=10)) as admin:
        admin.autocommit = True
        yield admin


def ensure_role(admin_url: str, role: str, password: str) -> None:
    """Create a login role that may do nothing but own its database, or set its password."""
    with administrating(admin_url) as admin, admin.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", (role,))
        verb = sql.SQL("alter" if cursor.fetchone() else "create")
        # The server's log, and its list of what runs, are to hold no password that lets in.
        kept = psycopg2.extensions.encrypt_password(password, role, admin)
        cursor.execute(
            sql.SQL("{} role {} login nosuperuser nocreatedb nocreaterole password {}").format(
                verb, sql.Identifier(role), sql.Literal(kept)
            )
        )


def ensure_database(admin_url: str, name: str, owner: str, template: str = "template1") -> bool:
    """Create a database only its owner may enter; say whether it was new."""
    with administrating(admin_url) as admin, admin.cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", (name,))
        if cursor.fetchone():
            return False
        database = sql.Identifier(name)
        cursor.execute(
            sql.SQL("create database {} owner {} template {}").format(
                database, sql.Identifier(owner), sql.Identifier(template)
            )
        )
        cursor.execute(sql.SQL("revoke all on database {} from public").format(database))
    return True


def taken_names(admin_url: str, names: Collection[str]) -> dict[str, bool]:
    """Return which of these names a role or a database has, and whether a database has it."""
    with administrating(admin_url) as admin, admin.cursor() as cursor:
        cursor.execute(
            "select name, exists (select from pg_database where datname = name)"
            " from unnest(%s::text[]) as name"
            " where exists (select from pg_database where datname = name)"
            " or exists (select from pg_roles where rolname = name)",
            (list(names),),
        )
        return dict(cursor.fetchall())


def drop_database(admin_url: str, name: str) -> None:
    """Delete a database, ending whoever is connected to it."""
    with administrating(admin_url) as admin, admin.cursor() as cursor:
        cursor.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )


def drop_role(admin_url: str, role: str) -> None:
    """Delete a role that owns nothing any more."""
    with administrating(admin_url) as admin, admin.cursor() as cursor:
        cursor.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))


def role_in(url: str) -> str:
    """Return the role that an address signs in with."""
    return unquote(urlsplit(url).username or "")


def database_in(url: str) -> str:
    """Return the database that an address names."""
    return unquote(urlsplit(url).path[1:]) or role_in(url)


def with_database(url: str, database: str) -> str:
    """Return the same address with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def database_url(admin_url: str, *, database: str, role: str, password: str) -> str:
    """Return a role's libpq address of a database on the server behind `admin_url`."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{host}"
    return urlunsplit((parts.scheme, netloc, f"/{database}", parts.query, ""))


def for_sqlalchemy(url: str) -> str:
    """Return a libpq address as SQLAlchemy wants it; bare postgresql:// would mean psycopg 3."""
    return SQLALCHEMY_SCHEME + url.partition("://")[2]


def for_libpq(url: str) -> str:
    """Return SQLAlchemy's address as psycopg2.connect and libpq's programs want it."""
    return "postgresql://" + url.partition("://")[2]


def has_migrations(part: str) -> bool:
    """Say whether a part keeps tables of its own."""
    return (migrations_of(part) / "env.py").exists()


def migrations_of(part: str) -> Path:
    """Return the folder of a part's Alembic migrations."""
    return CHECKOUT / (GATEWAY if part == GATEWAY else f"services/{part}") / "migrations"


def migrate(urls: Mapping[str, str], backups: Path, log: Path) -> list[str]:
    """Bring databases to their newest migration; return a sentence for each that moved.

    Runs in a process of its own: Alembic and all models would stay in the
    launcher's memory for as long as the system runs. A database that has been
    used is dumped into `backups` before it is changed. Where it fails, `log` has
    all that was said.
    """
    wanted = {part: url for part, url in urls.items() if has_migrations(part)}
    finished = subprocess.run(
        [sys.executable, "-m", "deploy.local.migrations"],
        input=json.dumps({"urls": wanted, "backups": str(backups)}),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        reason = (finished.stderr.strip().splitlines() or ["no output"])[-1]
        with log.open("a") as file:
            file.write(finished.stderr)
        raise Problem(f"The databases could not be migrated: {reason} (more in {log}).")
    return finished.stdout.splitlines()
