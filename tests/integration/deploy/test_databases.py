"""Migrating real databases: from nothing, from before, and not at all (X7)."""

import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from deploy.local import databases, migrations
from deploy.local.postgres import client_program
from deploy.local.problems import Problem

ENVIRONMENT = """
import os
from alembic import context
from sqlalchemy import create_engine, pool
engine = create_engine(os.environ["GENDAN_DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
REVISION = """
from alembic import op
revision, down_revision = {number!r}, {before!r}
def upgrade():
    op.execute({sql!r})
def downgrade():
    raise NotImplementedError
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service with one migration; `add_revision` brings a second."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENVIRONMENT)
    add_revision(folder, "0001", None, "create table page (words text)")
    monkeypatch.setattr(migrations, "migrations_of", lambda _part: folder)
    monkeypatch.delenv("GENDAN_DATABASE_URL", raising=False)
    return folder


def add_revision(folder: Path, number: str, before: str | None, sql: str) -> None:
    text = REVISION.format(number=number, before=before, sql=sql)
    (folder / "versions" / f"{number}.py").write_text(text)


def test_an_empty_database_is_migrated_without_a_backup(
    book: Path, empty_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = databases.for_libpq(empty_database)

    migrations.bring_to_head("orders", url, tmp_path / "backups")

    assert migrations.revisions_in(url) == {"0001"}
    assert capsys.readouterr().out == "orders: migrated to 0001\n"
    assert not (tmp_path / "backups").exists()


def test_an_older_database_is_dumped_before_it_is_migrated(
    book: Path, empty_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = databases.for_libpq(empty_database)
    migrations.bring_to_head("orders", url, tmp_path / "backups")
    with closing(psycopg2.connect(url)) as database, database, database.cursor() as cursor:
        cursor.execute("insert into page values ('kept')")
    add_revision(book, "0002", "0001", "delete from page")

    migrations.bring_to_head("orders", url, tmp_path / "backups")

    assert migrations.revisions_in(url) == {"0002"}
    (dump,) = (tmp_path / "backups").iterdir()
    assert dump.stat().st_mode & 0o777 == 0o600
    restored = subprocess.run(
        [client_program("pg_restore"), "--data-only", "--table=page", "--file=-", dump],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "\nkept\n" in restored
    assert f"orders: backed up to {dump}" in capsys.readouterr().out


def test_a_migration_that_fails_is_told_with_its_reason(
    empty_database: str, tmp_path: Path
) -> None:
    url, log = databases.for_libpq(empty_database), tmp_path / "migrations.log"
    with closing(psycopg2.connect(url)) as database, database, database.cursor() as cursor:
        cursor.execute("create table account ()")

    with pytest.raises(Problem, match=r'gateway: .*relation "account" already exists'):
        databases.migrate({"gateway": url}, tmp_path / "backups", log)

    assert "Traceback" in log.read_text()


def test_a_dump_that_is_cut_off_does_not_look_like_one(
    book: Path, empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, backups = databases.for_libpq(empty_database), tmp_path / "backups"
    migrations.bring_to_head("orders", url, backups)
    add_revision(book, "0002", "0001", "delete from page")
    cut_off = tmp_path / "pg_dump"
    cut_off.write_text('#!/bin/sh\necho "${2#--file=}" >"${2#--file=}"\nexit 1\n')
    cut_off.chmod(0o755)
    monkeypatch.setattr("deploy.local.postgres.client_program", lambda _name: str(cut_off))

    with pytest.raises(Problem, match="pg_dump failed: no output"):
        migrations.bring_to_head("orders", url, backups)

    assert list(backups.iterdir()) == []
    assert migrations.revisions_in(url) == {"0001"}


def test_client_programs_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.postgres.postgres_bin", lambda: None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(Problem, match=r"pg_dump is missing: .* apt install postgresql-client"):
        client_program("pg_dump")


def test_a_database_that_is_up_to_date_is_left_alone(
    book: Path, empty_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = databases.for_libpq(empty_database)
    migrations.bring_to_head("orders", url, tmp_path / "backups")
    capsys.readouterr()

    migrations.bring_to_head("orders", url, tmp_path / "backups")

    assert capsys.readouterr().out == ""
    assert not (tmp_path / "backups").exists()


def test_a_fresh_database_from_the_factory_is_migrated_and_empty(
    database_factory: Callable[[str], str],
) -> None:
    one, two = (databases.for_libpq(database_factory("gateway")) for _ in range(2))

    with closing(psycopg2.connect(one)) as database, database, database.cursor() as cursor:
        cursor.execute("create table only_here ()")
        cursor.execute("select count(*) from account")
        assert cursor.fetchone() == (0,)
    with closing(psycopg2.connect(two)) as database, database, database.cursor() as cursor:
        cursor.execute("select to_regclass('only_here')")
        assert cursor.fetchone() == (None,)
    assert migrations.revisions_in(one) == migrations.revisions_in(two) != set()
