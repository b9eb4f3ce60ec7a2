"""The rules of orders: aggregates, life cycles, prices; no I/O."""

from sqlalchemy.orm import DeclarativeBase

from chassis.mapping import TYPE_MAP, new_metadata


class Base(DeclarativeBase):
    """The orders database's own base and metadata."""

    metadata = new_metadata()
    type_annotation_map = TYPE_MAP
