"""Backups of all six databases and the attachments, at one moment of a running system.

While the tables of all databases are locked against writing (`SHARE`, so everybody reads on),
a snapshot of each is exported; the locks go at once, and the dumps are made from the snapshots
while the business goes on (docs/decisions/0010-a-backup-pauses-writes-by-table-locks.md).
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql

from deploy.local.databases import GATEWAY, PARTS
from deploy.local.places import write_private
from deploy.local.postgres import run_client
from deploy.local.problems import Problem

if TYPE_CHECKING:
    from psycopg2.extensions import connection

MANIFEST = "manifest.json"
FORMAT = 1
ATTACHMENTS = "attachments"
#: Writers wait for no longer than this; less than their own lock timeout (chassis/database.py).
PAUSE_SECONDS = 5.0
_TRIES = 12
_BETWEEN_TRIES_SECONDS = 0.5
# What a transaction writes first is locked first: who is inside can finish, and who waits
# outside holds nothing that we wait for.
_ENTRANCES = ("command", "inbox", "job_slot", "conversation", "failed_message", "outbox")
_TOO_LONG = (
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.QueryCanceled,
)
_COPY_BYTES = 1 << 20

#: Told after each step what was done; a backup or restore has `STEPS`.
Progress = Callable[[str], None]
STEPS = len(PARTS) + 2


@dataclass(frozen=True)
class Manifest:
    """What a backup holds; written last, so that a folder without one is no backup."""

    taken_at: str
    #: For how long nobody could write.
    pause_seconds: float
    #: Path within the backup → SHA-256.
    files: Mapping[str, str]
    format: int = FORMAT
    #: Hashes of attachments whose files were missing, or damaged and copied as they were.
    lacking: Sequence[str] = ()

    def to_json(self) -> str:
        """Write it down; what lacks nothing as releases wrote it that knew of no lack."""
        told = asdict(self)
        if not self.lacking:
            del told["lacking"]
        return json.dumps(told, indent=1) + "\n"


@dataclass
class Sources:
    """What is backed up: databases by part (libpq addresses), the attachments, small files."""

    databases: Mapping[str, str]
    attachments: Path | None = None
    extras: Mapping[str, Path] = field(default_factory=dict)


# Taking --------------------------------------------------------------------------------------


def take(sources: Sources, target: Path, progress: Progress = lambda _: None) -> Manifest:
    """Back a running system up into a new or empty folder; raise `Problem` when it cannot be."""
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise Problem(f"{target} is not empty: give a new folder for each backup.")
    except OSError as error:
        raise Problem(f"{target} cannot be used: {error.strerror or error}.") from None
    taken_at = datetime.now(UTC)
    lacking: list[str] = []
    with ExitStack() as open_snapshots:
        snapshots, pause_seconds = _snapshots(sources.databases, open_snapshots)
        progress(f"writes paused for {pause_seconds:.2f} s")
        for part, (database, name) in snapshots.items():
            _dump(sources.databases[part], name, target / f"{part}.dump")
            progress(part)
            if part == GATEWAY:
                lacking = _copy_attachments(database, sources.attachments, target / ATTACHMENTS)
    for name, path in sources.extras.items():
        if path.exists():
            _copy_private(path, target / name)
    files = {
        path.relative_to(target).as_posix(): checksum(path)
        for path in sorted(target.rglob("*"))
        if path.is_file()
    }
    manifest = Manifest(taken_at.isoformat(), round(pause_seconds, 3), files, lacking=lacking)
    write_private(target / MANIFEST, manifest.to_json())
    progress("attachments and checksums")
    return manifest


def _snapshots(
    urls: Mapping[str, str], stays_open: ExitStack
) -> tuple[dict[str, tuple["connection", str]], float]:
    """Export a snapshot of each database, all of one moment; give them and the pause."""
    readers = {part: stays_open.enter_context(_connected(url)) for part, url in urls.items()}
    for reader in readers.values():
        reader.set_session(isolation_level="REPEATABLE READ", readonly=True)
    for attempt in range(1, _TRIES + 1):
        with ExitStack() as locks:
            # All connections are there before the pause begins.
            lockers = [locks.enter_context(_connected(url)) for url in urls.values()]
            began = time.monotonic()
            until = began + PAUSE_SECONDS
            try:
                for locker in lockers:
                    _lock(locker, until)
                found = {
                    part: (reader, _exported(reader, until)) for part, reader in readers.items()
                }
            except _TOO_LONG:
                # A long transaction was at work: nobody is to wait for it behind us.
                for reader in readers.values():
                    reader.rollback()
            else:
                locks.close()
                return found, time.monotonic() - began
        time.sleep(_BETWEEN_TRIES_SECONDS * attempt)
    raise Problem(
        f"No moment was found in {_TRIES} tries at which writes could be paused: some "
        "transaction holds its locks for seconds. Try again when there is less to do."
    )


def _exported(database: "connection", until: float) -> str:
    """Export a snapshot, which lasts as long as the transaction, and give its name."""
    with database.cursor() as cursor:
        cursor.execute(
            "select set_config('statement_timeout', %s, true)", (f"{_left_ms(until)}ms",)
        )
        name: str = _asked(database, "select pg_export_snapshot()")
        cursor.execute("select set_config('statement_timeout', '0', true)")
    return name


def _left_ms(until: float) -> int:
    """Give the milliseconds until then. Raises LockNotAvailable when there are none."""
    left_ms = int((until - time.monotonic()) * 1000)
    if left_ms <= 0:
        raise psycopg2.errors.LockNotAvailable("the pause took too long")
    return left_ms


def _lock(database: "connection", until: float) -> None:
    """Lock all tables of a database against writing, waiting until then at most."""
    with database.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class where relkind = 'r'"
            " and relnamespace = 'public'::regnamespace"
        )
        tables = {name for (name,) in cursor.fetchall()}
        order = [name for name in _ENTRANCES if name in tables]
        order += sorted(tables - set(order))
        for name in order:
            cursor.execute("select set_config('lock_timeout', %s, true)", (f"{_left_ms(until)}ms",))
            cursor.execute(sql.SQL("lock table {} in share mode").format(sql.Identifier(name)))


def _dump(url: str, snapshot: str, target: Path) -> None:
    target.touch(mode=0o600)
    run_client(
        "pg_dump",
        url,
        *("--format=custom", "--no-owner", "--no-privileges"),
        *(f"--snapshot={snapshot}", f"--file={target}"),
    )


def _copy_attachments(database: "connection", folder: Path | None, target: Path) -> list[str]:
    """Copy the files that the snapshot names: they were there before their rows, for good.

    Give those that have been lost or damaged since: the books are backed up all the same.
    """
    with database.cursor() as cursor:
        cursor.execute("select distinct hash from attachment order by hash")
        hashes = [name for (name,) in cursor.fetchall()]
    lacking = []
    for name in hashes:
        source = folder / name[:2] / name if folder else None
        if source is None or not source.is_file():
            lacking.append(name)
            continue
        copy = target / name[:2] / name
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy_private(source, copy)
        if checksum(copy) != name:
            lacking.append(name)
    return lacking


def _copy_private(source: Path, copy: Path) -> None:
    # Nobody else is to read it for a moment: the folder may have been made for everybody.
    copy.touch(mode=0o600)
    shutil.copyfile(source, copy)


# Restoring -----------------------------------------------------------------------------------


def check(source: Path) -> Manifest:
    """Give a backup's manifest once every file was held to it; raise `Problem`."""
    path = source / MANIFEST
    if not path.is_file():
        raise Problem(f"{source} is no finished backup: it has no {MANIFEST}.")
    manifest = _manifest_of(path)
    for name, wanted in manifest.files.items():
        file = source / name
        if not file.is_file() or checksum(file) != wanted:
            raise Problem(f"{file} is missing or damaged: this backup cannot be restored.")
    missing = [part for part in PARTS if f"{part}.dump" not in manifest.files]
    if missing:
        raise Problem(f"{source} lacks {', '.join(missing)}.")
    return manifest


def _manifest_of(path: Path) -> Manifest:
    try:
        told: Any = json.loads(path.read_text())
        if isinstance(told, dict) and told.get("format") not in (None, FORMAT):
            raise Problem(f"{path.parent} was made by another version of Gendan.")
        manifest = Manifest(**told)
        dict(manifest.files)
    except (ValueError, TypeError) as error:
        raise Problem(f"{path} is damaged: this backup cannot be restored ({error}).") from None
    return manifest


def restore(source: Path, sources: Sources, progress: Progress = lambda _: None) -> Manifest:
    """Put a backup back into empty databases and an empty folder; raise `Problem`.

    Everybody has to sign in again: a session that was ended after the backup must not revive.
    """
    manifest = check(source)
    progress("checksums")
    for part, url in sources.databases.items():
        with _connected(url) as database:
            if _asked(database, "select count(*) from pg_class where relnamespace = "
                      "'public'::regnamespace"):  # fmt: skip
                raise Problem(f"The database of {part} is not empty.")
        run_client(
            "pg_restore",
            url,
            *("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"),
            str(source / f"{part}.dump"),
        )
        progress(part)
    with _connected(sources.databases[GATEWAY]) as database, database.cursor() as cursor:
        cursor.execute("update session set revoked_at = now() where revoked_at is null")
        database.commit()
    kept = source / ATTACHMENTS
    if kept.exists() and sources.attachments is not None:
        shutil.copytree(kept, sources.attachments, dirs_exist_ok=True)
    for name, path in sources.extras.items():
        if name in manifest.files:
            write_private(path, (source / name).read_text())
    progress("attachments")
    return manifest


# Both ----------------------------------------------------------------------------------------


def checksum(path: Path) -> str:
    """Give a file's SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_COPY_BYTES):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def _connected(url: str) -> "Iterator[connection]":
    """Open a connection whose transaction is rolled back, and its locks freed, at the end."""
    with closing(psycopg2.connect(url, connect_timeout=10)) as database:
        try:
            yield database
        finally:
            # By a word: PostgreSQL notices a socket that is closed only after a while. Of a
            # connection that broke there is nothing to roll back.
            with suppress(psycopg2.Error):
                database.rollback()


def _asked(database: "connection", question: str) -> Any:
    with database.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
    return row[0] if row else None
