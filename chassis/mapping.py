"""How a service maps rows: the base of its tables, column types and mixins of aggregates."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Dialect,
    Enum,
    Integer,
    MetaData,
    Numeric,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

Kind = TypeVar("Kind", bound=DeclarativeBase)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Give an empty MetaData with the house's names for constraints and indexes."""
    return MetaData(naming_convention=NAMING)


class MomentType(TypeDecorator[datetime]):
    """A moment: timestamptz that refuses naive values and always comes back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a naive datetime cannot be stored: {value!r}")
        return value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


Moment = Annotated[datetime, mapped_column(MomentType)]
Day = Annotated[date, mapped_column(Date)]
Money = Annotated[Decimal, mapped_column(Numeric(16, 2))]
UnitPrice = Annotated[Decimal, mapped_column(Numeric(16, 6))]
Quantity = Annotated[Decimal, mapped_column(Numeric(16, 3))]
Percent = Annotated[Decimal, mapped_column(Numeric(7, 3))]
Facts = Annotated[dict[str, Any], mapped_column(JSONB)]
Id = Annotated[UUID, mapped_column(postgresql.UUID(as_uuid=True))]

# What a service's declarative Base uses as `type_annotation_map`, so that
# `Mapped[Decimal]` alone is refused (which scale?) and the names above are not needed twice.
TYPE_MAP: dict[Any, Any] = {
    datetime: MomentType,
    UUID: postgresql.UUID(as_uuid=True),
    str: Text,
    # States and kinds are stored as their words, so that SQL and people can read them.
    StrEnum: Enum(
        StrEnum,
        native_enum=False,
        create_constraint=False,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    ),
}


class Versioned:
    """A row that refuses lost updates: the second writer of the same version fails.

    SQLAlchemy counts `version` with each UPDATE; commands.py turns its StaleDataError into
    the StaleVersion conflict.
    """

    id: Mapped[UUID] = mapped_column(postgresql.UUID(as_uuid=True), primary_key=True)
    version: Mapped[int] = mapped_column(
        Integer, nullable=False, comment="optimistic lock, counted by each update"
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  SQLAlchemy calls it on the class
        return {"version_id_col": cls.version}


class Announcing(Versioned):
    """An aggregate that announces events; `sequence` counts them without holes."""

    aggregate_type: ClassVar[str]

    sequence: Mapped[int] = mapped_column(
        BigInteger, nullable=False, default=0, comment="how many events it has announced"
    )


def start_with(new: object, **facts: Any) -> None:
    """Give a new object its first facts, past SQLAlchemy's watch.

    Nobody asks what they were before, and what is new is written whole; watched one by one, fifty
    attributes cost as much as ten rows do to write. Not for relationships, nor for values that a
    hook judges.
    """
    vars(new).update(facts)


def without_session(kind: type[Kind], facts: Mapping[Any, Any]) -> Kind:
    """Make an object of a mapped class, to be asked, that SQLAlchemy does not watch.

    It answers from `facts`; asked for more, or changed, it meets an error of SQLAlchemy's.
    """
    made = kind.__new__(kind)
    made.__dict__.update(facts)
    return made
