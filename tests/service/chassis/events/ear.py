"""A listening service of the chassis tests' own, which reacts as the event tells it to.

Run by `python -m chassis.runner tests.service.chassis.events.ear:EarService`. What it hears it
writes into a table without any unique key, so that whatever is done twice shows.
"""

import os
from pathlib import Path
from typing import Any

import eventlet
from marshmallow import fields
from sqlalchemy import BigInteger, Column, Identity, MetaData, String, Table, Uuid, insert

from chassis import bus
from chassis.database import Platform, Work
from chassis.entrypoints import AnswersRelay, listens_to
from chassis.events import Received
from chassis.mapping import new_metadata
from chassis.schema import Copy
from chassis.service import Database

FOLDER = Path(os.environ.get("PROBE_FOLDER", "/nonexistent"))
# A test need not wait a minute.
bus.BIND_AGAIN_SECONDS = float(os.environ.get("PROBE_BINDS_AGAIN", bus.BIND_AGAIN_SECONDS))

metadata: MetaData = new_metadata()
platform = Platform(metadata)
heard = Table(
    "heard",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("listener", String(40), nullable=False),
    Column("message_id", Uuid, nullable=False),
    Column("name", String(40), nullable=False),
    Column("story", String(80), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("line", String(200), nullable=False),
)


class Line(Copy):
    """What the ear reads of each event."""

    line = fields.String(required=True)
    then = fields.String(load_default="")


def keep(work: Work, listener: str, event: Received) -> None:
    work.session.execute(
        insert(heard).values(
            listener=listener,
            message_id=event.message_id,
            name=event.name,
            story=event.aggregate_id,
            sequence=event.sequence,
            line=event.data["line"],
        )
    )


def react(then: str) -> None:
    """Do what the event wants done, unless the test has touched the file `well`."""
    with (FOLDER / "reactions").open("a", encoding="utf-8") as file:
        file.write(f"{then or 'fine'} {os.getpid()}\n")
    if (FOLDER / "well").exists():
        return
    if then == "fail":
        raise RuntimeError("told to fail")
    if then == "die":
        os._exit(9)
    if then == "leak":
        raise eventlet.Timeout(0)
    if then == "wait":
        while not (FOLDER / "go").exists():
            eventlet.sleep(0.01)


class EarService(AnswersRelay):
    """Hears what the teller announces."""

    name = "ear"
    database = Database(platform, events={}, rules={})

    @listens_to("teller", "story_told", schema=Line)
    def hear_story(self, work: Work, event: Received) -> None:
        keep(work, "hear_story", event)
        react(event.data["then"])


class NewLine(Line):
    """What a later version of the ear reads of the same event: a field more."""

    mood = fields.String(load_default="calm")


class NewEarService(AnswersRelay):
    """A later version of the ear, which may run beside the earlier one."""

    name = "ear"
    database = Database(platform, events={}, rules={})

    @listens_to("teller", "story_told", schema=NewLine)
    def hear_story(self, work: Work, event: Received) -> None:
        event.data["line"] += f", {event.data['mood']}"
        keep(work, "hear_story", event)
        react(event.data["then"])


class OrderlyEarService(AnswersRelay):
    """Hears only endings, but each after all that came before it."""

    name = "ear"
    database = Database(platform, events={}, rules={})

    @listens_to("teller", "story_ended", schema=Line, in_order=True)
    def hear_ending(self, work: Work, event: Received) -> None:
        keep(work, "hear_ending", event)
        react(event.data["then"])


class TwoEarsService(AnswersRelay):
    """Hears each story with two methods, the second also endings."""

    name = "ear"
    database = Database(platform, events={}, rules={})

    @listens_to("teller", "story_told", schema=Line)
    def hear_story(self, work: Work, event: Received) -> None:
        keep(work, "hear_story", event)

    @listens_to("teller", "story_told", schema=Line)
    @listens_to("teller", "story_ended", schema=Line)
    def write_down(self, work: Work, event: Received) -> None:
        keep(work, "write_down", event)
        react(event.data["then"])


def lines(rows: Any) -> list[str]:
    return [row.line for row in rows]
