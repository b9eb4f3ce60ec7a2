"""What customers, their credit and their money are; knows neither bus nor wire nor queries."""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import Enum
from sqlalchemy.orm import DeclarativeBase

from chassis.mapping import TYPE_MAP, new_metadata
from services.customers.domain import grade, lifecycle, words


def _word(enum: type[StrEnum]) -> Enum:
    return Enum(
        enum,
        native_enum=False,
        length=20,
        values_callable=lambda members: [str(member) for member in members],
    )


_ENUMS: tuple[type[StrEnum], ...] = (
    grade.Grade,
    grade.Terms,
    grade.SettlementMethod,
    lifecycle.ContractState,
    lifecycle.PaymentState,
    lifecycle.NoticeState,
    lifecycle.Standing,
    words.CustomerKind,
    words.PaymentMethod,
    words.NoticeKind,
    words.NoticeChannel,
    words.EntryKind,
)


class Base(DeclarativeBase):
    """The base of this service's mapped classes; its metadata is this database's."""

    metadata = new_metadata()
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        **TYPE_MAP,
        **{enum: _word(enum) for enum in _ENUMS},
    }
