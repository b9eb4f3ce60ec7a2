"""An announcing service of the chassis tests' own: stories, of which lines are told."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID, uuid4

from marshmallow import fields
from sqlalchemy import Engine, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.database import Platform, Store, Work
from chassis.entrypoints import AnswersRelay
from chassis.events import Event
from chassis.mapping import TYPE_MAP, Announcing, new_metadata
from chassis.principal import Principal
from chassis.schema import Message
from chassis.service import Database

WANG = Principal("p-1", "王芳", frozenset({"clerk"}))


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = TYPE_MAP


class Story(Announcing, Base):
    """What is told, line by line."""

    __tablename__ = "story"
    aggregate_type: ClassVar[str] = "story"

    title: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True)
class StoryTold(Event):
    story: Story
    line: str
    then: str = ""


@dataclass(frozen=True)
class StoryEnded(Event):
    story: Story
    line: str
    then: str = ""


class Line(Message):
    line = fields.String()
    then = fields.String()


platform = Platform(Base.metadata)
EVENTS: dict[type[Event], Any] = {StoryTold: Line(), StoryEnded: Line()}


class TellerService(AnswersRelay):
    """Tells what the test writes into its outbox; listens to nobody."""

    name = "teller"
    database = Database(platform, events=EVENTS, rules={})


class Teller:
    """The announcing side as a test uses it: real transactions on the service's database."""

    def __init__(self, url: str) -> None:
        self.store = Store(
            service="teller", url=url, platform=platform, events=EVENTS, rules={}, pool_size=4
        )

    @property
    def engine(self) -> Engine:
        return self.store.engine

    def begin(self) -> UUID:
        """Give the id of a new story of which nothing is told yet."""
        story_id = uuid4()
        with self.store.work(WANG) as work:
            work.session.add(Story(id=story_id, title="故事", sequence=0))
        return story_id

    def tell(self, story_id: UUID, *told: str, then: str = "", ended: bool = False) -> None:
        """Announce lines of a story in one transaction."""
        kind = StoryEnded if ended else StoryTold

        def announce(work: Work) -> None:
            story = work.session.get(Story, story_id, with_for_update=True)
            assert story is not None
            work.announce(*(kind(story, line, then) for line in told))

        self.store.transact(WANG, announce)

    def tell_and_roll_back(self, story_id: UUID, line: str) -> None:
        """Announce a line in a transaction that fails after its outbox row is written."""
        with suppress(InterruptedError), self.store.work(WANG) as work:
            story = work.session.get(Story, story_id)
            assert story is not None
            work.announce(StoryTold(story, line))
            work.settle()
            raise InterruptedError

    def tell_at_once(self, stories: Sequence[UUID], *, writers: int, lines: int) -> None:
        """Have writers announce in all stories at the same time, a line a transaction."""

        def write(writer: int) -> None:
            for number in range(lines):
                for story_id in random.sample(list(stories), len(stories)):
                    self.tell(story_id, f"{writer}-{number}", ended=True)

        with ThreadPoolExecutor(writers) as pool:
            list(pool.map(write, range(writers)))
