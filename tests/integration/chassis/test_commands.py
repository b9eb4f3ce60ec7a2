"""Commands: once by their key, whatever the callers and the database do."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from marshmallow import fields
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from chassis.commands import KeyMissing, KeyReused, run_command
from chassis.database import DatabaseUnavailable, Store, Work
from chassis.policy import Rule, SettingNotAllowed, rules
from chassis.schema import Copy
from chassis.service import command
from tests.integration.chassis.ledger import CLERK, OTHER, NoMark, mark, marked, marks, open_store


@pytest.fixture
def store(empty_database: str) -> Iterator[Store]:
    opened = open_store(empty_database)
    yield opened
    opened.close()


def run(store: Store, key: object, body: str = "a", who: Any = CLERK) -> Any:
    return run_command(store, who, key, "mark", {"text": body}, lambda work: mark(work, body))


def test_twenty_callers_with_one_key_have_one_effect_and_one_answer(store: Store) -> None:
    together = threading.Barrier(20)

    def call(_: int) -> Any:
        together.wait()
        return run(store, "k")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(call, range(20)))

    assert answers == [{"text": "a"}] * 20
    assert marked(store) == ["a"]


def test_the_key_is_refused_for_another_body_and_free_for_another_person(store: Store) -> None:
    run(store, "k")
    with pytest.raises(KeyReused):
        run(store, "k", "b")
    run(store, "k", "b", OTHER)
    assert marked(store) == ["a", "b"]


def test_connections_that_are_used_up_are_no_bug_but_ask_for_patience(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.database.CONNECT_TIMEOUT_SECONDS", 1)
    store = open_store(empty_database, pool_size=1)
    with store.work() as work, store.reading.connect():
        work.session.execute(text("select 1"))

        with pytest.raises(DatabaseUnavailable):
            run(store, "k")
        with pytest.raises(DatabaseUnavailable):
            marked(store)
    store.close()


def test_a_setting_of_another_release_stops_only_what_needs_it(empty_database: str) -> None:
    numbers = rules(Rule("days", 5, "days", most=10), Rule("hours", 4, "hours"))
    store = open_store(empty_database, rules=numbers)
    with store.work() as work:
        for key, value in (("days", "20"), ("hours", '"four"')):
            work.session.execute(
                text("insert into setting values (:key, cast(:value as jsonb), now(), 'admin')"),
                {"key": key, "value": value},
            )

    with store.work() as work:
        assert work.setting("days") == 20
        with pytest.raises(SettingNotAllowed):
            work.setting("hours")
    store.close()


class Said(Copy):
    text = fields.String(required=True)


class Neighbour:
    """Two steps of somebody's conversations."""

    def __init__(self, store: Store) -> None:
        self.database = store

    @command(Said, derived_key=True)
    def keep(self, work: Work, request: dict[str, Any]) -> Any:
        return mark(work, request["text"])

    @command(Said, derived_key=True)
    def undo(self, work: Work, request: dict[str, Any]) -> Any:
        return mark(work, request["text"])


def test_a_step_taken_up_by_another_release_is_the_same_step(store: Store) -> None:
    """Another release of who asks says more of the step, or less, by the same derived key."""
    neighbour, who = Neighbour(store), CLERK.to_wire()

    answers = [
        neighbour.keep(principal=who, body={"text": "a"} | more, key="derived")
        for more in ({}, {"edition": "next"}, {})
    ]

    assert answers == [{"text": "a"}] * 3
    assert marked(store) == ["a"]
    with pytest.raises(KeyReused):
        neighbour.undo(principal=who, body={"text": "a"}, key="derived")


def test_a_refusal_stores_nothing_and_is_judged_again(store: Store) -> None:
    def refuse(work: Work) -> Any:
        mark(work, "never seen")
        raise NoMark

    with pytest.raises(NoMark):
        run_command(store, CLERK, "k", "mark", {"text": "a"}, refuse)
    assert marked(store) == []
    assert run(store, "k") == {"text": "a"}


@pytest.mark.parametrize("key", [None, "", 7, "k" * 121, "a\x00b"])
def test_a_key_that_cannot_be_one_is_refused(store: Store, key: object) -> None:
    with pytest.raises(KeyMissing):
        run(store, key)


def failing_once(failure: Callable[[Work], None]) -> Callable[[Work], Any]:
    tries: list[int] = []

    def body(work: Work) -> Any:
        tries.append(1)
        mark(work, f"try {len(tries)}")
        if len(tries) == 1:
            failure(work)
        return len(tries)

    return body


def _raise(code: str) -> Callable[[Work], None]:
    statement = f"do $$ begin raise exception 'made up' using errcode = '{code}'; end $$"
    return lambda work: work.session.execute(text(statement))  # type: ignore[return-value]


def _terminate(work: Work) -> None:
    work.session.execute(text("select pg_terminate_backend(pg_backend_pid())"))


@pytest.mark.parametrize("failure", [_raise("40P01"), _raise("40001"), _terminate])
def test_what_the_database_gave_up_is_run_again_whole(
    store: Store, failure: Callable[[Work], None]
) -> None:
    assert store.transact(CLERK, failing_once(failure)) == 2
    assert marked(store) == ["try 2"]


def test_two_that_lock_each_other_out_both_end(store: Store) -> None:
    """A real deadlock: PostgreSQL ends one of the two, which is run again."""
    store.transact(CLERK, lambda work: (mark(work, "1"), mark(work, "2")))
    both_hold_one = threading.Barrier(2)
    first_try = threading.local()

    def in_order(texts: tuple[str, str]) -> str:
        def body(work: Work) -> str:
            lock = text("select 1 from mark where text = :t for update")
            work.session.execute(lock, {"t": texts[0]})
            if not getattr(first_try, "over", False):
                first_try.over = True
                both_hold_one.wait()
            work.session.execute(lock, {"t": texts[1]})
            return texts[0]

        return store.transact(CLERK, body)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(in_order, [("1", "2"), ("2", "1")])) == ["1", "2"]


def test_a_lock_that_does_not_come_free_is_unavailable(store: Store) -> None:
    store.transact(CLERK, lambda work: mark(work, "1"))
    with store.work() as holder:
        holder.session.execute(text("select 1 from mark for update"))

        def wait(work: Work) -> None:
            work.session.execute(text("set local lock_timeout = '100ms'"))
            work.session.execute(text("select 1 from mark for update"))

        with pytest.raises(DatabaseUnavailable):
            store.transact(CLERK, wait)


def test_a_database_that_cannot_answer_now_is_unavailable(store: Store) -> None:
    """Shut down or starting, without disk, memory or connections, a standby: waiting helps."""
    codes = [
        "08006",
        "25006",
        "25P03",
        "25P04",
        "53100",
        "53200",
        "53300",
        "57P01",
        "57P03",
        "57P04",
        "57P05",
        "58030",
    ]

    def say(code: str, work: Work) -> None:
        work.session.execute(text(f"do $$ begin raise 'no' using errcode = '{code}'; end $$"))

    def is_unavailable(code: str) -> bool:
        try:
            store.transact(CLERK, partial(say, code))
        except DatabaseUnavailable:
            return True
        except DBAPIError:
            return False
        raise AssertionError(code)

    assert [code for code in codes if not is_unavailable(code)] == []


def test_a_mistake_in_a_statement_is_a_bug_and_looks_like_one(store: Store) -> None:
    with pytest.raises(ProgrammingError):
        store.transact(CLERK, lambda work: work.session.execute(text("select nonsense")))


def test_a_value_the_driver_cannot_send_is_a_bug_too(store: Store) -> None:
    with pytest.raises(ProgrammingError):
        store.transact(CLERK, lambda work: work.session.execute(text("select :x"), {"x": object()}))


def test_of_two_that_take_a_name_at_once_the_later_is_refused_for_that(store: Store) -> None:
    """Both look, find the name free and insert it: the later is judged again."""
    with store.work() as work:
        work.session.execute(text("create unique index once on mark (text)"))
    both = threading.Barrier(2)

    def take(work: Work) -> dict[str, str]:
        if work.session.scalar(select(marks.c.id).where(marks.c.text == "name")):
            raise NoMark
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=5)
        return mark(work, "name")

    def attempt(key: str) -> str:
        try:
            run_command(store, CLERK, key, "take", {}, take)
        except NoMark:
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(attempt, ("one", "two")))

    assert outcomes == ["done", "refused"]
    assert marked(store) == ["name"]
