"""A service of the tests: one table of marks, no events, conversations with fake neighbours."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, MetaData, String, Table, insert, select

from chassis.conversation import Conversation, Conversations, Talk
from chassis.database import Platform, Store, Work
from chassis.errors import Conflict, GendanError
from chassis.mapping import new_metadata
from chassis.policy import Rule
from chassis.principal import SYSTEM, Principal
from chassis.schema import Message, Text

CLERK = Principal("clerk-1", "Li Na", frozenset({"clerk"}))
OTHER = Principal("clerk-2", "Zhao Min", frozenset({"clerk"}))

metadata: MetaData = new_metadata()
marks = Table(
    "mark",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("text", String(80), nullable=False),
)
platform = Platform(metadata)


class NoMark(Conflict):
    """The neighbour, or the service itself, says no."""

    code = "no_mark"
    en = "No mark."
    zh = "不可标记。"


class MarkWanted(Message):
    """A mark is to be set, after the neighbours were asked."""

    text = Text(required=True, least=1)


def open_store(url: str, *, rules: Mapping[str, Rule] | None = None, pool_size: int = 24) -> Store:
    store = Store(
        service="ledger",
        url=url,
        platform=platform,
        events={},
        rules=rules or {},
        pool_size=pool_size,
    )
    metadata.create_all(store.engine)
    return store


def mark(work: Work, text: str) -> dict[str, str]:
    work.session.execute(insert(marks).values(text=text))
    return {"text": text}


def marked(store: Store) -> list[str]:
    query = select(marks.c.text).order_by(marks.c.id)
    return store.read(SYSTEM, lambda work: list(work.session.scalars(query)))


class Crash(BaseException):
    """The process dies: nothing after it runs, as after a SIGKILL."""


class Neighbours:
    """Two neighbours that hold things by command id, with tombstones, and can be told to fail."""

    def __init__(self) -> None:
        self.held: dict[str, set[str]] = {"one": set(), "two": set()}
        self.dead: dict[str, set[str]] = {"one": set(), "two": set()}
        self.calls: list[str] = []
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}

    def call(
        self,
        service: str,
        method: str,
        body: Mapping[str, Any],
        *,
        principal: Mapping[str, Any],
        key: str | None = None,
        deadline: float,
    ) -> Any:
        assert key is not None
        name = f"{service}.{method}"
        self.calls.append(name)
        self.before.get(name, lambda: None)()
        if method == "undo":
            self.held[service].discard(body["command_id"])
            self.dead[service].add(body["command_id"])
        elif key in self.dead[service]:
            raise Withdrawn
        else:
            self.held[service].add(key)
        self.after.get(name, lambda: None)()
        return {"held_by": key}

    @property
    def holds(self) -> tuple[int, int]:
        return len(self.held["one"]), len(self.held["two"])


class Withdrawn(Conflict):
    """The tombstone's refusal: it was undone before it came."""

    code = "withdrawn"


def _begin(work: Work, conversation_id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    if request["text"] == "never":
        raise NoMark
    return {"text": request["text"]}


def _ask(talk: Talk) -> None:
    talk.ask("first", "one", "hold", {})
    talk.ask("second", "two", "hold", {})


def _undo(talk: Talk) -> None:
    talk.undo("second", "two", "undo", {})
    talk.undo("first", "one", "undo", {})


def _finish(work: Work, talk: Talk) -> Any:
    return mark(work, talk.notes["text"])


def _abandon(work: Work, talk: Talk, error: GendanError) -> None:
    mark(work, f"abandoned: {error.code}")


MARK = Conversation(
    kind="mark",
    schema=MarkWanted(),
    begin=_begin,
    ask=_ask,
    finish=_finish,
    undo=_undo,
    abandon=_abandon,
    gives_up=True,
)


def conversations(store: Store, neighbours: Neighbours) -> Conversations:
    return Conversations(store, neighbours, (MARK,))
