"""Carriers, regions, modes and transit times, and what to offer for a shipment (S8, S9)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.mapping import Money, Versioned
from services.shipping.domain import Base


class Region(Versioned, Base):
    """A part of the country with transit times of its own."""

    __tablename__ = "region"

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool]


class Mode(Versioned, Base):
    """A way of transport: road, rail, air, express …"""

    __tablename__ = "mode"

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool]


class Carrier(Versioned, Base):
    """Somebody who carries goods, with the depot where customers pick up."""

    __tablename__ = "carrier"

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(40))
    note: Mapped[str]
    active: Mapped[bool]


class TransitTime(Versioned, Base):
    """What one carrier takes to one region by one mode: days and money."""

    __tablename__ = "transit_time"
    __table_args__ = (
        UniqueConstraint("carrier_code", "region_code", "mode_code"),
        Index("ix_transit_time_region_code", "region_code"),
        CheckConstraint("days >= 0", name="days"),
    )

    carrier_code: Mapped[str] = mapped_column(ForeignKey("carrier.code"))
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"))
    mode_code: Mapped[str] = mapped_column(ForeignKey("mode.code"))
    days: Mapped[int] = mapped_column(comment="calendar days from dispatch to arrival")
    cost: Mapped[Money] = mapped_column(comment="per parcel, to the depot")
    door_surcharge: Mapped[Money] = mapped_column(comment="per parcel, for delivery to the door")
    depot: Mapped[str] = mapped_column(comment="where the customer picks up")
    active: Mapped[bool]


@dataclass(frozen=True)
class Way:
    """What is known of a shipment's way: its days, and the depot where it is picked up."""

    days: int
    depot: str | None


@dataclass(frozen=True)
class Offer:
    """One way to send a number of parcels."""

    carrier_code: str
    carrier_name: str
    mode_code: str
    mode_name: str
    region_code: str
    days: int
    cost: Decimal
    depot: str
    to_door: bool


def offer(
    transit: TransitTime, carrier: Carrier, mode: Mode, *, parcels: int, to_door: bool
) -> Offer:
    """Price one way for `parcels` parcels; pickup at the depot is the default."""
    each = transit.cost + (transit.door_surcharge if to_door else Decimal(0))
    return Offer(
        carrier_code=carrier.code,
        carrier_name=carrier.name,
        mode_code=mode.code,
        mode_name=mode.name,
        region_code=transit.region_code,
        days=transit.days,
        cost=each * parcels,
        depot=transit.depot,
        to_door=to_door,
    )


def best_first(offers: Iterable[Offer], *, urgent: bool) -> list[Offer]:
    """Order offers: the fastest first when urgent, else the cheapest."""
    return sorted(
        offers,
        key=lambda o: (
            (o.days, o.cost) if urgent else (o.cost, o.days),
            o.carrier_code,
            o.mode_code,
        ),
    )
