"""The dispatch notice (发货告知书): what the customer is told, by which channels, and its check."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from services.shipping.domain import Base
from services.shipping.domain.errors import NoticeNotReceived

CHANNELS_WANTED = 2


class NoticeSending(Base):
    """The notice of one shipment sent once by one channel, as a person recorded it."""

    __tablename__ = "notice_sending"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shipment_id: Mapped[UUID] = mapped_column(index=True)
    channel: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    received_clearly: Mapped[bool]
    person_id: Mapped[str] = mapped_column(String(80))
    person_name: Mapped[str] = mapped_column(String(120))
    expected_arrival: Mapped[date | None] = mapped_column(comment="the arrival that it told")
    depot: Mapped[str | None] = mapped_column(comment="the place of pickup that it told")


def is_sent(sendings: list[NoticeSending]) -> bool:
    """Tell whether it went out by two different channels (S7)."""
    return len({sending.channel for sending in sendings}) >= CHANNELS_WANTED


def check_received(number: str, sendings: list[NoticeSending]) -> None:
    """Raise NoticeNotReceived unless two channels went out and one arrived legibly."""
    if not is_sent(sendings) or not any(sending.received_clearly for sending in sendings):
        channels = sorted({sending.channel for sending in sendings})
        raise NoticeNotReceived(number=number, sent=", ".join(channels) or "-")
