"""Conversations: whoever dies where, they end once, forwards or backwards, holding nothing else."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chassis import conversation, faults
from chassis.commands import KeyReused, run_command
from chassis.conversation import Conversations, InProgress, NotFinishedInTime
from chassis.database import Store
from chassis.errors import Conflict, Unavailable
from tests.integration.chassis.ledger import (
    CLERK,
    Crash,
    Neighbours,
    NoMark,
    conversations,
    mark,
    marked,
    open_store,
)


@pytest.fixture
def store(empty_database: str) -> Iterator[Store]:
    opened = open_store(empty_database)
    yield opened
    opened.close()


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours()


@pytest.fixture
def talks(store: Store, neighbours: Neighbours) -> Conversations:
    return conversations(store, neighbours)


def hold(talks: Conversations, key: str = "k", seconds: float = 2.0, **body: Any) -> Any:
    return talks.hold("mark", CLERK, key, body or {"text": "a"}, deadline=time.time() + seconds)


def state(store: Store) -> str:
    with store.work() as work:
        return str(work.session.scalar(text("select state from conversation")))


def lease_ends(store: Store, after: str = "-1 s", *, overdue: bool = False) -> None:
    with store.work() as work:
        ends = text("update conversation set lease_until = now() + cast(:after as interval)")
        work.session.execute(ends, {"after": after})
        if overdue:
            work.session.execute(text("update conversation set deadline = now() - interval '1 s'"))


def die() -> None:
    raise Crash


def away() -> None:
    raise Unavailable


def refuse() -> None:
    raise NoMark


POINTS = ("after_begin", "after_ask_first", "after_ask_second", "before_finish")


def crash_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def crash(name: str) -> None:
        if name == point:
            monkeypatch.setattr(faults, "point", lambda _: None)
            raise Crash

    monkeypatch.setattr(faults, "point", crash)


def test_it_asks_in_order_and_gives_one_answer_by_one_key(
    talks: Conversations, neighbours: Neighbours, store: Store
) -> None:
    first = hold(talks)
    assert hold(talks) == first == {"text": "a"}
    assert neighbours.calls == ["one.hold", "two.hold"]
    assert (marked(store), state(store)) == (["a"], "done")
    with pytest.raises(KeyReused):
        hold(talks, text="b")


def test_a_key_is_a_commands_or_a_conversations_and_refused_for_the_other(
    talks: Conversations, neighbours: Neighbours, store: Store
) -> None:
    def command(key: str) -> Any:
        return run_command(store, CLERK, key, "mark", {}, lambda work: mark(work, key))

    command("plain")
    hold(talks, "held")

    with pytest.raises(KeyReused):
        command("held")
    with pytest.raises(KeyReused):
        hold(talks, "plain")

    assert (marked(store), neighbours.holds) == (["plain", "a"], (1, 1))
    assert (command("plain"), hold(talks, "held")) == ({"text": "plain"}, {"text": "a"})


@pytest.mark.parametrize("point", POINTS)
def test_whoever_dies_before_the_deadline_another_goes_on_forwards(
    talks: Conversations,
    neighbours: Neighbours,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    crash_at(monkeypatch, point)
    with pytest.raises(Crash):
        hold(talks)
    assert talks.take_up_abandoned() == 0  # its lease still runs
    lease_ends(store)

    assert talks.take_up_abandoned() == 1

    assert hold(talks) == {"text": "a"}
    assert (marked(store), neighbours.holds) == (["a"], (1, 1))


@pytest.mark.parametrize("point", POINTS)
def test_past_the_deadline_another_takes_everything_back(
    talks: Conversations,
    neighbours: Neighbours,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    crash_at(monkeypatch, point)
    with pytest.raises(Crash):
        hold(talks)
    lease_ends(store, overdue=True)

    assert talks.take_up_abandoned() == 1

    assert (state(store), neighbours.holds) == ("void", (0, 0))
    assert marked(store) == ["abandoned: not_finished_in_time"]
    # The same key may try afresh, by new ids: the tombstones are those of the old ones.
    assert hold(talks) == {"text": "a"}
    assert neighbours.holds == (1, 1)


def test_a_refusal_is_taken_back_stored_and_given_again(
    talks: Conversations, neighbours: Neighbours, store: Store
) -> None:
    neighbours.before["two.hold"] = refuse
    for _ in range(2):
        with pytest.raises(Conflict) as refused:
            hold(talks)
        assert refused.value.code == "no_mark"
    # What was refused changed nothing there and needs no undoing.
    assert neighbours.calls == ["one.hold", "two.hold", "one.undo"]
    assert (neighbours.holds, state(store)) == ((0, 0), "refused")
    assert marked(store) == ["abandoned: no_mark"]


def test_a_refusal_by_its_own_beginning_leaves_no_row(talks: Conversations, store: Store) -> None:
    with pytest.raises(NoMark):
        hold(talks, text="never")
    assert state(store) == "None"


def test_dying_after_the_decision_to_turn_back_does_not_take_it_back(
    talks: Conversations, neighbours: Neighbours, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbours.before["two.hold"] = refuse
    crash_at(monkeypatch, "after_turning_back")
    with pytest.raises(Crash):
        hold(talks)
    neighbours.before.clear()
    assert (state(store), neighbours.holds) == ("undoing", (1, 0))
    lease_ends(store)

    talks.take_up_abandoned()

    assert (state(store), neighbours.holds) == ("refused", (0, 0))
    assert marked(store) == ["abandoned: no_mark"]


def test_an_undo_is_tried_until_it_works(
    talks: Conversations, neighbours: Neighbours, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbours.before["two.hold"] = refuse
    neighbours.before["one.undo"] = away
    with pytest.raises(NoMark):
        hold(talks, seconds=0.3)
    for _ in range(2):
        assert (state(store), neighbours.holds) == ("undoing", (1, 0))
        with pytest.raises(InProgress):
            hold(talks, seconds=0.1)
        lease_ends(store)
        # It is patient for as long as its lease runs; a test need not be.
        monkeypatch.setattr(conversation, "LEASE", timedelta(seconds=1.2))
        talks.take_up_abandoned()
    del neighbours.before["one.undo"]
    lease_ends(store)
    talks.take_up_abandoned()
    assert (state(store), neighbours.holds) == ("refused", (0, 0))


def test_an_answer_that_got_lost_is_asked_for_again_by_the_same_id(
    talks: Conversations, neighbours: Neighbours
) -> None:
    def lose() -> None:
        neighbours.after.clear()
        raise Unavailable

    neighbours.after["one.hold"] = lose
    assert hold(talks) == {"text": "a"}
    assert neighbours.calls == ["one.hold", "one.hold", "two.hold"]
    assert neighbours.holds == (1, 1)


def test_what_nobody_answered_is_undone_though_the_next_attempt_was_refused(
    talks: Conversations, neighbours: Neighbours
) -> None:
    """The first may still be at work in another replica, and hold something after the refusal."""

    def lose() -> None:
        neighbours.before["one.hold"] = refuse
        raise Unavailable

    neighbours.before["one.hold"] = lose

    with pytest.raises(NoMark):
        hold(talks)

    assert neighbours.calls == ["one.hold", "one.hold", "one.undo"]


def test_a_worker_that_comes_late_changes_nothing_any_more(
    talks: Conversations, neighbours: Neighbours, store: Store
) -> None:
    """While the first worker hangs before its second ask, another turns the row back."""

    def meanwhile() -> None:
        neighbours.before.clear()
        lease_ends(store, overdue=True)
        conversations(store, neighbours).take_up_abandoned()
        assert state(store) == "void"

    neighbours.before["two.hold"] = meanwhile

    with pytest.raises(NotFinishedInTime):
        hold(talks)

    assert (state(store), neighbours.holds) == ("void", (0, 0))
    assert marked(store) == ["abandoned: not_finished_in_time"]


def test_of_two_replicas_that_go_on_at_once_both_give_the_one_answer(
    talks: Conversations, neighbours: Neighbours, store: Store
) -> None:
    def meanwhile() -> None:
        neighbours.before.clear()
        lease_ends(store)
        assert conversations(store, neighbours).take_up_abandoned() == 1

    neighbours.before["two.hold"] = meanwhile

    assert hold(talks) == {"text": "a"}
    assert (marked(store), neighbours.holds) == (["a"], (1, 1))


def test_who_was_overtaken_turns_nothing_back(
    talks: Conversations, neighbours: Neighbours, store: Store
) -> None:
    """What refused it may have given way since, to whoever goes on."""

    def overtaken_and_refused() -> None:
        neighbours.before.clear()
        lease_ends(store)
        assert conversations(store, neighbours)._lease_one() is not None
        raise NoMark

    neighbours.before["two.hold"] = overtaken_and_refused

    with pytest.raises(NotFinishedInTime):
        hold(talks)

    assert (state(store), neighbours.holds) == ("running", (1, 0))
    lease_ends(store)
    talks.take_up_abandoned()
    assert (hold(talks), neighbours.holds) == ({"text": "a"}, (1, 1))


def test_a_row_is_taken_up_by_one_of_many_replicas(
    talks: Conversations,
    neighbours: Neighbours,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crash_at(monkeypatch, "after_begin")
    with pytest.raises(Crash):
        hold(talks)
    lease_ends(store)

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: talks.take_up_abandoned(), range(8)))

    assert sorted(taken) == [0] * 7 + [1]
    assert marked(store) == ["a"]


def test_twenty_callers_with_one_key_hold_one_conversation(
    talks: Conversations, neighbours: Neighbours, store: Store
) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: hold(talks, seconds=8), range(20)))
    assert answers == [{"text": "a"}] * 20
    assert (marked(store), neighbours.calls) == (["a"], ["one.hold", "two.hold"])


def test_a_bug_in_one_conversation_does_not_keep_the_others_waiting(
    talks: Conversations, neighbours: Neighbours, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("broken", "sound"):
        crash_at(monkeypatch, "after_begin")
        with pytest.raises(Crash):
            hold(talks, key, text=key)
    lease_ends(store)
    fails = iter([ZeroDivisionError])

    def bug() -> None:
        for error in fails:
            raise error

    neighbours.before["one.hold"] = bug

    assert talks.take_up_abandoned() == 2

    assert len(marked(store)) == 1


def test_what_is_taken_up_waits_for_no_other_and_asks_once(
    talks: Conversations, neighbours: Neighbours, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("one", "another"):
        crash_at(monkeypatch, "after_begin")
        with pytest.raises(Crash):
            hold(talks, key, text=key)
    together = threading.Barrier(2)

    def both() -> None:
        together.wait(30)

    def away_for_both() -> None:
        both()
        raise Unavailable

    neighbours.before["one.hold"] = away_for_both
    lease_ends(store)

    assert talks.take_up_abandoned() == 2
    assert neighbours.calls == ["one.hold"] * 2

    neighbours.before["one.hold"] = both
    lease_ends(store)
    assert talks.take_up_abandoned() == 2
    assert sorted(marked(store)) == ["another", "one"]


def test_one_of_a_kind_that_only_a_newer_release_knows_is_left_to_that(
    talks: Conversations, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("newer", "known"):
        crash_at(monkeypatch, "after_begin")
        with pytest.raises(Crash):
            hold(talks, key, text=key)
    lease_ends(store)
    with store.work() as work:
        work.session.execute(text("update conversation set kind = 'etch' where key = 'newer'"))

    assert talks.take_up_abandoned() == 1

    assert marked(store) == ["known"]
    with store.work() as work:
        query = text("select state, attempts from conversation where key = 'newer'")
        assert work.session.execute(query).one() == ("running", 0)


def test_setting_the_clock_back_leaves_no_conversation_lying(
    talks: Conversations, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease that was given before the clock went back an hour would run for that hour."""
    crash_at(monkeypatch, "after_begin")
    with pytest.raises(Crash):
        hold(talks)
    lease_ends(store, "1 h")

    assert talks.take_up_abandoned() == 1

    assert (state(store), marked(store)) == ("done", ["a"])


def test_what_a_replica_of_the_release_before_works_at_is_left_to_it(
    talks: Conversations, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes leases of up to five minutes."""
    crash_at(monkeypatch, "after_begin")
    with pytest.raises(Crash):
        hold(talks)
    lease_ends(store, "5 min")

    assert talks.take_up_abandoned() == 0


@pytest.mark.parametrize("hours", [-1, 1])
def test_setting_the_clock_changes_nobodys_patience(
    talks: Conversations,
    neighbours: Neighbours,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    hours: int,
) -> None:
    tries: list[float] = []

    def away_while_the_clock_is_set() -> None:
        tries.append(time.monotonic())
        if len(tries) == 1:
            real = time.time
            monkeypatch.setattr(time, "time", lambda: real() + hours * 3600)
        if len(tries) > 50:
            raise Crash
        raise Unavailable

    neighbours.before["one.hold"] = away_while_the_clock_is_set

    with pytest.raises(Unavailable):
        hold(talks, seconds=3.0)

    assert len(tries) > 2
    assert state(store) == "running"
