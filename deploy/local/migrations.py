"""The process that migrates databases: reads its orders as JSON from its input."""

import json
import os
import sys
import traceback
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
import psycopg2
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from deploy.local.databases import for_sqlalchemy, migrations_of
from deploy.local.postgres import run_client


def main() -> None:
    """Migrate each database named on standard input, printing a sentence for each change.

    Where one fails, the last line of the errors says why.
    """
    orders = json.load(sys.stdin)
    for part, url in orders["urls"].items():
        try:
            bring_to_head(part, url, Path(orders["backups"]))
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this process
            traceback.print_exc()
            sys.exit(f"{part}: {str(error).partition(chr(10))[0] or type(error).__name__}")


def bring_to_head(part: str, url: str, backups: Path) -> None:
    """Run the migrations that a database lacks, after a dump if it holds anything."""
    configuration = Config()
    configuration.set_main_option("script_location", str(migrations_of(part)).replace("%", "%%"))
    heads = set(ScriptDirectory.from_config(configuration).get_heads())
    present = revisions_in(url)
    if present == heads:
        return
    if present:
        click.echo(f"{part}: backed up to {back_up(part, url, backups)}")
    os.environ["GENDAN_DATABASE_URL"] = for_sqlalchemy(url)
    os.environ["GENDAN_SERVICE"] = part
    command.upgrade(configuration, "head")
    click.echo(f"{part}: migrated to {', '.join(sorted(heads))}")


def revisions_in(url: str) -> set[str]:
    """Return the revisions a database says it is at; none when it is empty."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('alembic_version')")
        row = cursor.fetchone()
        if row is None or row[0] is None:
            return set()
        cursor.execute("select version_num from alembic_version")
        return {version for (version,) in cursor.fetchall()}


def back_up(part: str, url: str, backups: Path) -> Path:
    """Dump a database into a file of today's, which has its name once it is whole."""
    backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = backups / f"{part}-{moment}.dump"
    draft = target.with_suffix(".part")
    draft.touch(mode=0o600)
    try:
        run_client("pg_dump", url, "--format=custom", f"--file={draft}")
    except BaseException:
        draft.unlink()
        raise
    return draft.replace(target)


if __name__ == "__main__":
    main()
