"""Conversations over services: submit, issue, cancel, hold, release (ARCHITECTURE §4.6).

A conversation is one row in the leading service, which is also its idempotency row:

    begin   one transaction: check, mark the aggregate busy, lay down notes; the row `running`
    ask     calls to other services, each with an id derived from the row, so that asking
            again is a duplicate and not a second hold; runs outside any transaction
    finish  one transaction: apply the answers; the row `done` with its answer
    undo    what was asked is taken back by exact id, in any order, as often as needed; a
            participant keeps a tombstone for a thing undone before it was done
    abandon one transaction: free the aggregate; the row `refused` with the error, or `void`
            when no answer came in time, so that the same key may try afresh

If the process dies, another replica takes the row up when its lease ends (at most 10 s) and
goes on: before the deadline forwards, after it backwards. What its caller has no more patience
for, and has only put questions so far, ends at once: nobody waits for its aggregate meanwhile.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4, uuid5

import structlog
from marshmallow import Schema
from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.orm.exc import StaleDataError

from chassis import clock, faults
from chassis.commands import KeyReused, checked_key, fingerprint, load, refuse_if_taken
from chassis.database import Store, Work
from chassis.errors import Conflict, GendanError, StaleVersion, Unavailable, from_wire
from chassis.notation import as_json
from chassis.principal import Principal
from chassis.principal import from_wire as principal_from_wire
from chassis.roundtrips import ask

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=10)
# A conversation outlives its caller's patience: a caller that asks again finds it done.
TIME_LIMIT = timedelta(seconds=30)
ASK_SECONDS = 5.0
# How far the time between two attempts grows, in leases: half a minute.
MOST_LEASES = 3
# Beyond this no lease ends: the machine's clock has been set back since it was taken. A replica
# of the release before, which may work beside, takes leases of five minutes.
LONGEST_LEASE = LEASE * 31
_WAIT_SECONDS = 0.1
# Taken up at a time by one process: what waits for a neighbour that is away keeps few others.
TAKEN_UP_AT_A_TIME = 8


class InProgress(Conflict):
    """The same command is still running in another call."""

    code = "in_progress"
    en = "The same command is still being worked on; ask again with the same key."
    zh = "同一操作仍在处理中，请用同一键值再次查询。"


class NotFinishedInTime(Unavailable):
    """The services asked did not all answer in time; nothing of it remains, or soon will not."""

    code = "not_finished_in_time"
    en = "Not all services answered in time; try again with the same key."
    zh = "部分服务未及时应答，请用同一键值重试。"


class Caller(Protocol):
    """The RPC client, as far as conversations need it."""

    def call(
        self,
        service: str,
        method: str,
        body: Mapping[str, Any],
        *,
        principal: Mapping[str, Any],
        key: str | None = None,
        deadline: float,
    ) -> Any: ...


@dataclass
class Talk:
    """One running conversation, as its steps see it."""

    id: UUID
    epoch: int
    principal: Principal
    request: dict[str, Any]
    notes: dict[str, Any]
    caller: Caller
    #: Until when neighbours are asked again, by the monotonic clock: setting the machine's clock
    #: neither ends it nor draws it out.
    patience: float
    #: Taken up from its row: what was asked before is not known, so everything is undone.
    taken_up: bool = False
    #: What `begin` has handed to `finish` beside its notes, while both run in this process.
    built: Any = None
    answers: dict[str, Any] = field(default_factory=dict)
    _may_stand: set[str] = field(default_factory=set)
    _unanswered: int = 0

    def take_built(self) -> Any:
        """Give what `begin` built, once: a transaction that is run again builds anew."""
        built, self.built = self.built, None
        return built

    @property
    def may_stand(self) -> bool:
        """Whether a neighbour may have changed anything for it."""
        return self.taken_up or bool(self._may_stand)

    def command_id(self, step: str) -> str:
        """Give the id under which `step` is asked, and undone, however often."""
        return str(uuid5(self.id, f"{step}:{self.epoch}"))

    def ask(self, step: str, service: str, method: str, body: Mapping[str, Any]) -> Any:
        """Ask a neighbour to do `step`, again by the same id until it answers or patience ends.

        What is taken up asks once: its next attempt comes with its next lease.
        """
        before = self._unanswered
        self._may_stand.add(step)
        try:
            answer = self._call(service, method, body, key=self.command_id(step))
        except Unavailable:
            raise
        except GendanError:
            # A refusal changed nothing there. But an attempt before it that nobody answered may
            # still be at work in another replica, and change something after this.
            if self._unanswered == before:
                self._may_stand.discard(step)
            raise
        self.answers[step] = answer
        faults.point(f"after_ask_{step}")
        return answer

    def query(self, service: str, method: str, body: Mapping[str, Any]) -> Any:
        """Ask a neighbour a question that changes nothing."""
        return self._call(service, method, body, key=None)

    def undo(self, step: str, service: str, method: str, body: Mapping[str, Any]) -> None:
        """Take `step` back, if it may stand: `method` gets its exact id as `command_id`."""
        if not self.taken_up and step not in self._may_stand:
            return
        command_id = self.command_id(step)
        self._call(
            service,
            method,
            {**body, "command_id": command_id},
            key=str(uuid5(UUID(command_id), "undo")),
        )

    def _call(self, service: str, method: str, body: Mapping[str, Any], *, key: str | None) -> Any:
        while True:
            left = min(self.patience - time.monotonic(), ASK_SECONDS)
            try:
                return self.caller.call(
                    service,
                    method,
                    body,
                    principal=self.principal.to_wire(),
                    key=key,
                    deadline=time.time() + left,
                )
            except Unavailable:
                self._unanswered += 1
                # What is taken up has no caller who waits for it, and others that wait behind it.
                if self.taken_up or time.monotonic() + 0.2 >= self.patience:
                    raise
                time.sleep(0.2)


@dataclass(frozen=True)
class Begun:
    """What `begin` gives when `finish` would have to build the same thing a second time.

    Only the notes outlast the process: `finish` must be able to do without `built`.
    """

    notes: dict[str, Any]
    built: Any


def nothing(talk: Talk) -> None:
    """Undo nothing: for conversations whose asks change nothing elsewhere."""


@dataclass(frozen=True)
class Conversation:
    """The steps of one kind of conversation, declared in one place.

    `gives_up`: past its deadline it is undone; else it is carried on until it is done or
    refused (for conversations that cannot, or need not, go back).
    """

    kind: str
    schema: Schema
    begin: Callable[[Work, UUID, dict[str, Any]], dict[str, Any] | Begun]
    ask: Callable[[Talk], None]
    finish: Callable[[Work, Talk], Any]
    undo: Callable[[Talk], None]
    abandon: Callable[[Work, Talk, GendanError], None]
    gives_up: bool = False


@dataclass(frozen=True)
class _Record:
    """A conversation's row, as far as going on with it needs it."""

    id: UUID
    kind: str
    state: str
    epoch: int
    attempts: int
    principal: dict[str, Any]
    body: dict[str, Any]
    notes: dict[str, Any]
    error: dict[str, Any] | None
    deadline: datetime
    #: The body as its schema reads it, and what `begin` built, where this process began it.
    request: dict[str, Any] | None = None
    built: Any = None


_STORED = [each.name for each in fields(_Record) if each.name not in ("request", "built")]


def _record(row: Row[Any]) -> _Record:
    return _Record(**{name: getattr(row, name) for name in _STORED})


def _ended(row: Row[Any]) -> Any:
    """Give the answer of a conversation, or raise what it was refused by."""
    if row.state == "done":
        return row.answer["is"]
    if row.state == "refused":
        raise from_wire(row.error)
    raise NotFinishedInTime


class Conversations:
    """All kinds of conversations a service leads, and their rows."""

    def __init__(self, store: Store, caller: Caller, kinds: tuple[Conversation, ...]) -> None:
        self.store = store
        self.caller = caller
        self.kinds = {kind.kind: kind for kind in kinds}
        self._table = store.platform.conversations

    def hold(
        self, kind: str, principal: Principal, key: object, body: dict[str, Any], *, deadline: float
    ) -> Any:
        """Hold a conversation and give its answer; by the same key, the same answer.

        `deadline` (Unix seconds, machine time) is the caller's. Raises the refusal,
        KeyReused, InProgress, or NotFinishedInTime when the outcome is not known yet.
        """
        checked, digest = checked_key(key), fingerprint(kind, body)
        request = load(self.kinds[kind].schema, body)
        patience = time.monotonic() + deadline - time.time()
        row = self._begin(kind, principal, checked, digest, body, request)
        while row is None:
            known = self._known(principal, checked)
            if known is None:
                # A row goes only long after it was ended (chassis/relay.py): begin anew.
                row = self._begin(kind, principal, checked, digest, body, request)
                continue
            if known.body_hash != digest:
                raise KeyReused(key=checked)
            if known.state == "done":
                return known.answer["is"]
            if known.state == "refused":
                raise from_wire(known.error)
            if known.state == "void":
                row = self._begin_afresh(known, principal)
                continue
            if time.monotonic() + _WAIT_SECONDS >= patience:
                raise InProgress
            time.sleep(_WAIT_SECONDS)
        return self._go_on(row, patience=patience)

    def take_up_abandoned(self) -> int:
        """Go on with conversations whose process died or gave up; gives how many."""
        if not self._is_any_due():
            return 0
        with ThreadPoolExecutor(TAKEN_UP_AT_A_TIME) as pool:
            return sum(pool.map(lambda _: self._take_up_in_turn(), range(TAKEN_UP_AT_A_TIME)))

    def _take_up_in_turn(self) -> int:
        count = 0
        while self._is_any_due() and (row := self._lease_one()) is not None:
            count += 1
            overdue = row.deadline <= clock.machine_now() and self.kinds[row.kind].gives_up
            patience = time.monotonic() + LEASE.total_seconds() - 1
            try:
                if overdue and row.state == "running":
                    self._turn_back(row, self._talk(row, patience), NotFinishedInTime())
                else:
                    self._go_on(row, patience=patience)
            except GendanError as error:
                log.info("conversation_refused", id=str(row.id), kind=row.kind, code=error.code)
            except Exception:
                # A bug in one conversation does not keep the others waiting; its own row is
                # tried again, later and later.
                log.exception("conversation_failed", id=str(row.id), kind=row.kind)
        return count

    # -- the row ---------------------------------------------------------------------------

    def _begin(
        self,
        kind: str,
        principal: Principal,
        key: str,
        digest: str,
        body: dict[str, Any],
        request: dict[str, Any],
    ) -> _Record | None:
        """Run `begin` and write the row, in one transaction; None if the key is known."""

        def first(work: Work) -> _Record:
            now = clock.machine_now()
            row = _Record(
                id=uuid4(),
                kind=kind,
                state="running",
                epoch=0,
                attempts=0,
                principal=principal.to_wire(),
                body=body,
                notes={},
                error=None,
                deadline=now + TIME_LIMIT,
                request=request,
            )
            begun = self._first_step(work, row)
            work.conclude(
                _INSERT,
                {
                    "id": row.id,
                    "kind": kind,
                    "principal_id": principal.person_id,
                    "key": key,
                    "principal": as_json(row.principal),
                    "body": as_json(body),
                    "body_hash": digest,
                    "notes": as_json(begun.notes),
                    "deadline": row.deadline,
                    "lease_until": now + LEASE,
                    "created_at": now,
                },
            )
            return begun

        try:
            begun: _Record = self._transact(principal, kind, first)
        except Unavailable:
            raise
        except Exception as error:
            # Begun a second time it fails on what the first has done, at its key at last.
            if self._known(principal, key) is None:
                commands = self.store.platform.commands
                refuse_if_taken(self.store, commands, principal, key, error)
                raise
            return None
        return begun

    def _begin_afresh(self, known: Row[Any], principal: Principal) -> _Record | None:
        """Start a void conversation again under its key; None if somebody else just did."""

        def again(work: Work) -> _Record | None:
            now, table = clock.machine_now(), self._table
            row = work.session.execute(
                update(table)
                .where(table.c.id == known.id, table.c.state == "void")
                .values(
                    state="running",
                    # The roles of this call count, not those of the one that came to nothing.
                    principal=principal.to_wire(),
                    epoch=table.c.epoch + 1,
                    attempts=0,
                    error=None,
                    deadline=now + TIME_LIMIT,
                    lease_until=now + LEASE,
                )
                .returning(table)
            ).one_or_none()
            if row is None:
                return None
            begun = self._first_step(work, _record(row))
            work.session.execute(
                update(table).where(table.c.id == known.id).values(notes=begun.notes)
            )
            return begun

        begun: _Record | None = self._transact(principal, known.kind, again)
        return begun

    def _first_step(self, work: Work, row: _Record) -> _Record:
        kind = self.kinds[row.kind]
        request = load(kind.schema, row.body) if row.request is None else row.request
        given = kind.begin(work, row.id, request)
        begun = given if isinstance(given, Begun) else Begun(given, None)
        return replace(row, notes=begun.notes, request=request, built=begun.built)

    def _known(self, principal: Principal, key: str) -> Row[Any] | None:
        table = self._table
        return self.store.read(
            principal,
            lambda work: work.session.execute(
                select(table).where(table.c.principal_id == principal.person_id, table.c.key == key)
            ).one_or_none(),
        )

    def _is_any_due(self) -> bool:
        # Asked by every replica every other second, so it costs next to nothing.
        now = clock.machine_now()
        return self.store.read(
            _SYSTEM,
            lambda work: bool(
                ask(work.connection, _IS_ANY_DUE, {"now": now, "never": now + LONGEST_LEASE})[0][0]
            ),
        )

    def _lease_one(self) -> _Record | None:
        table = self._table

        def lease(work: Work) -> _Record | None:
            now = clock.machine_now()
            lease_is_over = or_(
                table.c.lease_until < now,
                table.c.lease_until > now + LONGEST_LEASE,
            )
            due = (
                select(table.c.id)
                # One of a kind that only a newer release knows is left to that.
                .where(
                    table.c.state.in_(("running", "undoing")),
                    table.c.kind.in_(self.kinds),
                    lease_is_over,
                )
                .order_by(table.c.lease_until)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            row = work.session.execute(
                update(table)
                .where(table.c.id == due.scalar_subquery())
                .values(
                    attempts=table.c.attempts + 1,
                    # What cannot be undone yet is tried again later and later, never dropped.
                    lease_until=now + LEASE * func.least(table.c.attempts + 1, MOST_LEASES),
                )
                .returning(table)
            ).one_or_none()
            return None if row is None else _record(row)

        return self.store.transact(_SYSTEM, lease)

    # -- forwards and backwards ------------------------------------------------------------

    def _talk(self, row: _Record, patience: float) -> Talk:
        return Talk(
            id=row.id,
            epoch=row.epoch,
            principal=principal_from_wire(row.principal),
            request=row.request or load(self.kinds[row.kind].schema, row.body),
            notes=row.notes,
            caller=self.caller,
            patience=patience,
            taken_up=row.attempts > 0,
            built=row.built,
        )

    def _go_on(self, row: _Record, *, patience: float) -> Any:
        if row.state == "undoing":
            self._undo(row, self._talk(row, patience), from_wire(row.error or {}))
            raise from_wire(row.error or {})
        kind, talk = self.kinds[row.kind], self._talk(row, patience)
        try:
            faults.point("after_begin")
            kind.ask(talk)
            faults.point("before_finish")
            return self._finish(row, talk)
        except Unavailable:
            if talk.may_stand or not self._turn_back(row, talk, NotFinishedInTime()):
                # The outcome is unknown; whoever takes the row up asks again with the same ids.
                self._let_go(row)
            raise
        except GendanError as refusal:
            if self._turn_back(row, talk, refusal):
                raise
            # Another replica has gone on with it; what was refused here came too late.
            return self._outcome(row)

    def _finish(self, row: _Record, talk: Talk) -> Any:
        def last(work: Work) -> Any:
            answer = self.kinds[row.kind].finish(work, talk)
            work.conclude(
                _FINISH, {"id": row.id, "epoch": row.epoch, "answer": as_json({"is": answer})}
            )
            return answer

        try:
            return self._transact(talk.principal, row.kind, last)
        except Unavailable:
            raise
        except Exception:
            # Another replica may have ended it: what was done here a second time is undone.
            now = self._as_it_stands(row)
            if now.state == "running" and now.epoch == row.epoch:
                raise
            return _ended(now)

    def _outcome(self, row: _Record) -> Any:
        """Give the answer, or raise the refusal, by which the conversation ended elsewhere."""
        return _ended(self._as_it_stands(row))

    def _as_it_stands(self, row: _Record) -> Row[Any]:
        table = self._table
        query = select(table).where(table.c.id == row.id)
        return self.store.read(_SYSTEM, lambda work: work.session.execute(query).one())

    def _turn_back(self, row: _Record, talk: Talk, error: GendanError) -> bool:
        """Decide that it ends backwards, then undo; the decision is never taken back.

        Gives whether it was decided here: another replica may have been faster, or gone on with it.
        """
        table = self._table

        def decide(work: Work) -> bool:
            decided = work.session.execute(
                update(table)
                .where(
                    table.c.id == row.id,
                    table.c.state == "running",
                    table.c.epoch == row.epoch,
                    # Whoever was overtaken decides nothing: what refused it may have given way
                    # to whoever goes on, and not everything that is done can be taken back.
                    table.c.attempts == row.attempts,
                )
                .values(state="undoing", error=error.to_wire())
            )
            return bool(decided.rowcount)  # type: ignore[attr-defined]

        if not self.store.transact(talk.principal, decide):
            return False
        faults.point("after_turning_back")
        talk.patience = max(talk.patience, time.monotonic() + 1.0)
        self._undo(row, talk, error)
        return True

    def _undo(self, row: _Record, talk: Talk, error: GendanError) -> None:
        """Take everything back and end the row; what cannot be reached now is tried later."""
        kind = self.kinds[row.kind]
        try:
            kind.undo(talk)
        except GendanError as problem:
            log.warning("conversation_undo_waits", id=str(row.id), code=problem.code)
            self._let_go(row)
            return

        def last(work: Work) -> None:
            table = self._table
            state = "void" if isinstance(error, Unavailable) else "refused"
            ended = work.session.execute(
                update(table)
                .where(table.c.id == row.id, table.c.state == "undoing", table.c.epoch == row.epoch)
                .values(state=state)
            )
            if ended.rowcount:  # type: ignore[attr-defined]
                kind.abandon(work, talk, error)

        self._transact(talk.principal, row.kind, last)

    def _let_go(self, row: _Record) -> None:
        table = self._table

        def give_up_lease(work: Work) -> None:
            work.session.execute(
                update(table)
                .where(table.c.id == row.id, table.c.attempts == row.attempts)
                .values(lease_until=clock.machine_now())
            )

        if row.attempts == 0:
            self.store.transact(_SYSTEM, give_up_lease)

    def _transact(self, principal: Principal, kind: str, body: Callable[[Work], Any]) -> Any:
        try:
            return self.store.transact(principal, body)
        except StaleDataError as error:
            raise StaleVersion(entity=kind, version="?") from error


_SYSTEM = Principal("system", "system", kind="system")

# It divides by nought where the key is a plain command's, so that nothing is begun.
_INSERT = """
with begun as (
  insert into conversation (id, kind, principal_id, key, principal, body, body_hash, notes, state,
    epoch, attempts, deadline, lease_until, created_at)
  values (%(id)s, %(kind)s, %(principal_id)s, %(key)s, %(principal)s, %(body)s, %(body_hash)s,
    %(notes)s, 'running', 0, 0, %(deadline)s, %(lease_until)s, %(created_at)s)
)
select 1 / (1 - count(*)) from command
where principal_id = %(principal_id)s and key = %(key)s"""
_IS_ANY_DUE = """
select exists (
  select from conversation where state in ('running', 'undoing')
  and (lease_until < %(now)s or lease_until > %(never)s))"""
# It divides by nought unless the conversation still runs, so that a late finish does not stand.
_FINISH = """
with finished as (
  update conversation set state = 'done', answer = %(answer)s
  where id = %(id)s and state = 'running' and epoch = %(epoch)s returning 1
)
select 1 / count(*) from finished"""
