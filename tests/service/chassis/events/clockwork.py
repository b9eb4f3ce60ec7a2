"""A service of the chassis tests' own that works by the clock, and writes down each turn."""

import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import BigInteger, Column, Identity, String, Table, insert

from chassis.database import Platform, Work
from chassis.entrypoints import daily, every
from chassis.mapping import MomentType, new_metadata
from chassis.service import Database

FOLDER = Path(os.environ.get("PROBE_FOLDER", "/nonexistent"))

metadata = new_metadata()
platform = Platform(metadata)
turns = Table(
    "turn",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("job", String(40), nullable=False),
    Column("slot", MomentType, nullable=False),
)


class ClockworkService:
    """Rings every night and ticks every second."""

    name = "clockwork"
    database = Database(platform, events={}, rules={})

    @daily("ring", at="00:10")
    def ring(self, work: Work, slot: datetime) -> None:
        work.session.execute(insert(turns).values(job="ring", slot=slot))
        if (FOLDER / "broken").exists():
            raise RuntimeError("the bell is broken")

    @every("tick", seconds=1)
    def tick(self, work: Work, slot: datetime) -> None:
        work.session.execute(insert(turns).values(job="tick", slot=slot))
