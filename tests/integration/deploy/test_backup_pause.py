"""The moment of a backup at which nobody writes: how long it may last, and who waits for it."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from chassis import database
from chassis.database import DatabaseUnavailable
from deploy.local import backup, databases
from deploy.local.problems import Problem
from gateway.settings import Limits
from tests.integration.chassis.ledger import CLERK, mark, marked, open_store

_WRITE = (
    "insert into command (principal_id, key, body_hash, created_at)"
    " values ('p-1', gen_random_uuid()::text, '', now())"
)


def test_who_writes_can_wait_longer_than_the_pause_and_less_long_than_the_caller() -> None:
    assert backup.PAUSE_SECONDS == 5.0
    assert backup.PAUSE_SECONDS < database.LOCK_TIMEOUT_MS / 1000 < Limits().call_seconds


def test_a_backup_that_finds_no_moment_gives_up_and_nobody_waits_behind_it(
    database_factory: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAUSE_SECONDS", 0.3)
    monkeypatch.setattr(backup, "_TRIES", 2)
    monkeypatch.setattr(backup, "_BETWEEN_TRIES_SECONDS", 0.01)
    urls = {
        part: databases.for_libpq(database_factory(part)) for part in ("customers", "aftersales")
    }
    with (
        closing(psycopg2.connect(urls["aftersales"])) as busy,
        closing(psycopg2.connect(urls["customers"])) as other,
        busy.cursor() as at_work,
        other.cursor() as another,
    ):
        at_work.execute(_WRITE)

        with pytest.raises(Problem, match="No moment was found in 2 tries"):
            backup.take(backup.Sources(urls), tmp_path / "backup")

        # Neither of the two is locked any more, and what was at work goes on.
        another.execute("set lock_timeout = '100ms'")
        another.execute(_WRITE)
        at_work.execute(_WRITE)
        busy.commit()
    assert list((tmp_path / "backup").iterdir()) == []
    monkeypatch.undo()
    manifest = backup.take(backup.Sources(urls), tmp_path / "second")
    assert sorted(manifest.files) == ["aftersales.dump", "customers.dump"]


def test_who_cannot_wait_any_longer_for_the_pause_is_told_to_ask_again(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_TIMEOUT_MS", 200)
    store = open_store(empty_database)
    with closing(psycopg2.connect(databases.for_libpq(empty_database))) as pausing:
        backup._lock(pausing, time.monotonic() + 5.0)

        with pytest.raises(DatabaseUnavailable):
            store.transact(CLERK, lambda work: mark(work, "during"))
        assert marked(store) == []

    store.transact(CLERK, lambda work: mark(work, "after"))
    assert marked(store) == ["after"]
    store.close()
