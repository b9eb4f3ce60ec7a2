"""The trade of shipping: states, guards and arithmetic, without bus, wire or queries."""

from sqlalchemy.orm import DeclarativeBase

from chassis.mapping import TYPE_MAP, new_metadata


class Base(DeclarativeBase):
    """Base of every table that shipping owns."""

    metadata = new_metadata()
    type_annotation_map = TYPE_MAP
