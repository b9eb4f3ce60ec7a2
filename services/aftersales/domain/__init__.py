"""The rules of after-sales: cases, visits; no I/O."""

from sqlalchemy.orm import DeclarativeBase

from chassis.mapping import TYPE_MAP, new_metadata


class Base(DeclarativeBase):
    """The aftersales database's own base and metadata."""

    metadata = new_metadata()
    type_annotation_map = TYPE_MAP
