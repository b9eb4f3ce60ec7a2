"""A shipment: one dispatch request of an order, from the request to the signed receipt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from chassis import quantity
from chassis.calendar import WorkingCalendar
from chassis.mapping import Announcing, Quantity
from services.shipping.domain import Base, events
from services.shipping.domain.batch import Batch
from services.shipping.domain.errors import (
    LineTwice,
    MoreThanShipped,
    OnlyInEmergency,
    OrderBeingCancelled,
    OrderOnHold,
    ParcelsMade,
    ParcelsMissing,
    ReadBackDiffers,
    ReleaseRefused,
    ReleaseWithdrawn,
    SecondPersonNeeded,
)
from services.shipping.domain.lifecycle import (
    OPEN,
    PROGRESS_BY_SCAN,
    PROGRESS_BY_STATE,
    ROAD,
    SHIPMENT,
    UNDER_WAY,
    Progress,
    ScanKind,
    ShipmentState,
    state_by_parcels,
    steps,
)
from services.shipping.domain.order import BlockedFor
from services.shipping.domain.parcel_code import parcel_code

# Unless somebody says otherwise (SPEC §7, S14).
PICKUP_AT_DEPOT = "pickup_at_depot"

_BEFORE_HANDED = OPEN[: OPEN.index(ShipmentState.HANDED)]


@dataclass(frozen=True)
class ReadBack:
    """What a person reads aloud of a shipment (复述), item by item."""

    name: str
    phone: str
    address: str
    quantities: Mapping[int, Decimal]


@dataclass(frozen=True)
class Departure:
    """What a shipment gets when it leaves."""

    note_number: str
    expected_arrival: date
    depot: str | None


@dataclass(frozen=True)
class Received:
    """What the customer signed for of one line."""

    line_no: int
    quantity: Decimal
    damaged: Decimal


class ShipmentLine(Base):
    """What a shipment carries of one order line, as the order said when it was requested."""

    __tablename__ = "shipment_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_shipment_line_order_line", "line_id"),
    )

    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipment.id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[UUID]
    product_id: Mapped[UUID]
    product_code: Mapped[str] = mapped_column(String(40))
    product_name: Mapped[str]
    spec: Mapped[str]
    unit: Mapped[str] = mapped_column(String(20))
    unit_decimals: Mapped[int] = mapped_column(SmallInteger)
    packing: Mapped[str | None]
    quantity: Mapped[Quantity]
    signed_quantity: Mapped[Quantity | None] = mapped_column(comment="by the receipt")
    damaged_quantity: Mapped[Quantity | None] = mapped_column(comment="of what was signed for")


class Parcel(Base):
    """One parcel of a shipment; its progress only grows."""

    __tablename__ = "parcel"

    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipment.id"), index=True)
    position: Mapped[int] = mapped_column(Integer, comment="1 … n, as on the label")
    progress: Mapped[int] = mapped_column(SmallInteger, comment="domain.lifecycle.Progress")

    def advance(self, progress: Progress) -> bool:
        """Move on to at least `progress`; tell whether that was news."""
        if progress <= self.progress:
            return False
        self.progress = progress
        return True


class Shipment(Announcing, Base):
    """A dispatch request and what became of it.

    Every move passes the life cycle's table, and none before departure passes a block, a hold
    or a withdrawn release. `blocked` is what cancel and dispatch compete for: both lock this
    row, so one of them finds the other's mark.
    """

    __tablename__ = "shipment"
    __table_args__ = (
        Index("ix_shipment_order", "order_id"),
        Index("ix_shipment_order_number", "order_number", "requested_at", "id"),
        Index("ix_shipment_state", "state", "requested_at", "id"),
        Index("ix_shipment_customer", "customer_id", "requested_at", "id"),
        Index("ix_shipment_customer_code", "customer_code", "requested_at", "id"),
        Index("ix_shipment_salesperson", "salesperson_id", "requested_at", "id"),
        Index("ix_shipment_requested", "requested_at", "id"),
        Index("ix_shipment_waybill", "waybill"),
        Index("ix_shipment_carrier", "carrier_code", "requested_at", "id"),
        Index("ix_shipment_batch", "batch_day", "requested_at", "id"),
        Index(
            "ix_shipment_waiting",
            "state",
            "due_at",
            "id",
            postgresql_where=text("blocked is null"),
        ),
        Index(
            "ix_shipment_withdrawn",
            "due_at",
            "id",
            postgresql_where=text("release_withdrawn_at is not null"),
        ),
    )
    aggregate_type: ClassVar[str] = "shipment"

    number: Mapped[str] = mapped_column(String(30), unique=True)
    order_id: Mapped[UUID]
    order_number: Mapped[str] = mapped_column(String(30))
    customer_id: Mapped[UUID]
    customer_code: Mapped[str] = mapped_column(String(40))
    customer_name: Mapped[str]
    salesperson_id: Mapped[str | None] = mapped_column(String(80))
    order_grade: Mapped[str | None] = mapped_column(
        String(1), comment="when requested; only says in whose work list the release stands"
    )
    region: Mapped[str | None] = mapped_column(comment="the customer's, as the order says")
    state: Mapped[str] = mapped_column(String(20))
    blocked: Mapped[str | None] = mapped_column(
        String(10), comment="cancel or hold: orders has stopped it; what a dispatch competes with"
    )
    emergency: Mapped[bool] = mapped_column(comment="the written request was waived")
    due_at: Mapped[datetime] = mapped_column(comment="by when it should have left")
    limit_at: Mapped[datetime | None] = mapped_column(
        comment="the end of the working days within which it is to leave, whatever its batch"
    )

    consignee_name: Mapped[str]
    consignee_phone: Mapped[str] = mapped_column(String(40))
    consignee_address: Mapped[str]
    delivery_method: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[str] = mapped_column(String(10))
    requirements: Mapped[str] = mapped_column(comment="the order's special requirements")
    remark: Mapped[str]

    requested_at: Mapped[datetime]
    requested_by: Mapped[str] = mapped_column(String(80))
    requester_name: Mapped[str] = mapped_column(String(120))

    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(80))
    releaser_name: Mapped[str | None] = mapped_column(String(120))
    verdict: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="what customers answered when it was released"
    )
    override_note: Mapped[str | None] = mapped_column(comment="why the director let it leave")
    release_withdrawn_at: Mapped[datetime | None]
    batch_day: Mapped[date | None] = mapped_column(Date)
    batch: Mapped[str | None] = mapped_column(String(10))

    checked_at: Mapped[datetime | None]
    checked_by: Mapped[str | None] = mapped_column(String(80))
    checker_name: Mapped[str | None] = mapped_column(String(120))
    handed_at: Mapped[datetime | None]
    handed_by: Mapped[str | None] = mapped_column(String(80))
    dispatcher_name: Mapped[str | None] = mapped_column(String(120))
    carrier_code: Mapped[str | None] = mapped_column(ForeignKey("carrier.code"))
    carrier_name: Mapped[str | None]
    mode_code: Mapped[str | None] = mapped_column(ForeignKey("mode.code"))
    waybill: Mapped[str | None] = mapped_column(String(60))
    depot: Mapped[str | None] = mapped_column(
        comment="where the customer picks it up, once its carrier is known; null: not at a depot"
    )

    note_number: Mapped[str | None] = mapped_column(String(30), unique=True)
    dispatched_at: Mapped[datetime | None]
    expected_arrival: Mapped[date | None] = mapped_column(Date)
    notice_verified_at: Mapped[datetime | None]
    notice_verifier_name: Mapped[str | None] = mapped_column(String(120))
    in_transit_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    signer: Mapped[str | None] = mapped_column(String(120))
    damage: Mapped[str | None]
    receipt_at: Mapped[datetime | None] = mapped_column(comment="when the signed paper came")
    receipt_attachment: Mapped[str | None] = mapped_column(comment="content hash of its picture")
    failed_at: Mapped[datetime | None]
    failure_note: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]

    lines: Mapped[list[ShipmentLine]] = relationship(
        lazy="raise", order_by=ShipmentLine.line_no, cascade="save-update, merge"
    )
    parcels: Mapped[list[Parcel]] = relationship(
        lazy="raise", order_by=Parcel.position, cascade="save-update, merge"
    )

    @validates("state")
    def _follow_the_table(self, _key: str, wish: str) -> ShipmentState:
        new = ShipmentState(wish)
        if self.__dict__.get("state") is None:
            if new is not SHIPMENT.initial:
                raise ValueError("a shipment begins as requested")
        else:
            SHIPMENT.check(ShipmentState(self.state), new, number=self.number)
        return new

    # -- questions ---------------------------------------------------------------------------

    @property
    def stands(self) -> ShipmentState:
        return ShipmentState(self.state)

    @property
    def has_left(self) -> bool:
        return self.dispatched_at is not None

    @property
    def is_on_its_way(self) -> bool:
        return self.stands in (ShipmentState.DISPATCHED, ShipmentState.IN_TRANSIT)

    @property
    def is_awaited(self) -> bool:
        """Whether it has left and is neither with the customer nor given up."""
        return self.stands in UNDER_WAY

    @property
    def is_picked_up(self) -> bool:
        """Whether the customer comes for it to the carrier's depot."""
        return self.delivery_method == PICKUP_AT_DEPOT

    @property
    def is_open(self) -> bool:
        """Whether it can still be cancelled."""
        return self.stands in OPEN

    @property
    def lacks_waybill(self) -> bool:
        """Whether carrier or waybill are missing; our own vehicle has neither."""
        if self.delivery_method == "own_vehicle":
            return False
        return not (self.carrier_code and self.waybill)

    @property
    def awaits_release(self) -> bool:
        return self.stands is ShipmentState.REQUESTED or (
            self.is_open and self.release_withdrawn_at is not None
        )

    @property
    def awaits_override(self) -> bool:
        """Whether it is an emergency that a hold met before it left: the director may lift that."""
        return self.emergency and self.is_open and self.blocked == BlockedFor.HOLD

    @property
    def may_leave_or_left(self) -> bool:
        """Whether it takes its part of the order's money: released or beyond."""
        return self.stands is not ShipmentState.CANCELLED and not self.awaits_release

    def why_stopped(self) -> OrderBeingCancelled | OrderOnHold | ReleaseWithdrawn | None:
        """Give what stops every forward move before departure, if anything does."""
        if self.has_left:
            return None
        if self.blocked == BlockedFor.CANCEL:
            return OrderBeingCancelled(order_number=self.order_number)
        if self.blocked == BlockedFor.HOLD:
            return OrderOnHold(order_number=self.order_number)
        if self.release_withdrawn_at is not None:
            return ReleaseWithdrawn(number=self.number)
        return None

    def check_not_stopped(self) -> None:
        """Raise why it is stopped, if it is."""
        if (stopped := self.why_stopped()) is not None:
            raise stopped

    def check_releasable(self) -> None:
        """Raise IllegalMove unless a release, or the director's override, is what it waits for."""
        if not (self.awaits_release or self.awaits_override):
            SHIPMENT.check(self.stands, ShipmentState.RELEASED)

    def check_on_road_to(self, wish: ShipmentState) -> None:
        """Raise IllegalMove unless scans or reports can bring it on to `wish`."""
        if not steps(self.stands, wish):
            SHIPMENT.check(self.stands, wish)

    def check_movable_to(self, wish: ShipmentState) -> None:
        """Raise IllegalMove unless a person's word can bring it on to `wish`.

        What happens on the way is reported only once it has left: the departure itself is the
        dispatcher's word.
        """
        if self.has_left or wish in (*OPEN, ShipmentState.DISPATCHED):
            self.check_on_road_to(wish)
        else:
            SHIPMENT.check(self.stands, wish)

    def departs_on_the_way_to(self, wish: ShipmentState) -> bool:
        return ShipmentState.DISPATCHED in steps(self.stands, wish)

    # -- before it leaves --------------------------------------------------------------------

    def release(
        self,
        *,
        verdict: dict[str, Any],
        batch: Batch,
        person: tuple[str, str],
        now: datetime,
        override_note: str | None = None,
    ) -> list[events.ShipmentEvent]:
        """Let it leave: `verdict` is customers' answer, `batch` what payment leads to.

        With `override_note` the director lets an emergency leave without the balance, or
        against a credit stop or hold. Raises ReleaseRefused, OnlyInEmergency, OrderOnHold,
        OrderBeingCancelled.
        """
        self.check_releasable()
        if override_note is not None and not self.emergency:
            raise OnlyInEmergency(number=self.number)
        if override_note is not None and self.blocked == BlockedFor.HOLD:
            # For this shipment only; a hold set later stops it again.
            self.blocked = None
        if self.blocked is not None:
            self.check_not_stopped()
        if override_note is None and not verdict["allowed"]:
            raise ReleaseRefused(
                number=self.number,
                because=verdict.get("code"),
                why=verdict.get("why") or "",
                why_zh=verdict.get("why_zh") or "",
                verdict=verdict,
            )
        self.verdict, self.override_note = verdict, override_note
        self.released_at, (self.released_by, self.releaser_name) = now, person
        self.batch_day, self.batch = batch.day, batch.kind
        self.release_withdrawn_at = None
        if self.stands is ShipmentState.REQUESTED:
            self.state = ShipmentState.RELEASED
        return [events.ShipmentReleased(self)]

    def withdraw_release(self, now: datetime) -> list[events.ShipmentEvent]:
        """Stop what a reversed payment had released; nothing if that does not carry it."""
        carried = self.is_open and self.released_at is not None and self.override_note is None
        by_payment = (self.verdict or {}).get("paid_at") is not None
        if not carried or not by_payment or self.release_withdrawn_at is not None:
            return []
        self.release_withdrawn_at = now
        return [events.ReleaseWithdrawn(self)]

    def check(
        self, read: ReadBack, *, person: tuple[str, str], now: datetime, overridden: bool = False
    ) -> list[events.ShipmentEvent]:
        """Let a second person compare it (S3).

        `overridden`: the director stands in for one, in an emergency only. Raises
        SecondPersonNeeded, OnlyInEmergency, ReadBackDiffers or why it is stopped.
        """
        SHIPMENT.check(self.stands, ShipmentState.CHECKED)
        self.check_not_stopped()
        if overridden and not self.emergency:
            raise OnlyInEmergency(number=self.number)
        if person[0] == self.requested_by and not overridden:
            raise SecondPersonNeeded(number=self.number, person_name=self.requester_name)
        self.compare(read)
        self.state = ShipmentState.CHECKED
        self.checked_at, (self.checked_by, self.checker_name) = now, person
        return [events.ShipmentChecked(self)]

    def compare(self, read: ReadBack) -> None:
        """Raise ReadBackDiffers naming each item that is not exactly ours (S5)."""
        wrong = [
            name
            for name, said, ours in (
                ("consignee_name", read.name, self.consignee_name),
                ("consignee_phone", read.phone, self.consignee_phone),
                ("consignee_address", read.address, self.consignee_address),
            )
            if said != ours
        ]
        quantities = {line.line_no: line.quantity for line in self.lines}
        wrong += [
            f"line {number}"
            for number in sorted(quantities.keys() | read.quantities.keys())
            if quantities.get(number) != read.quantities.get(number)
        ]
        if wrong:
            raise ReadBackDiffers(number=self.number, items=", ".join(wrong), differs=wrong)

    def check_parcels_wanted(self) -> None:
        """Raise IllegalMove once it is handed, ParcelsMade once it has parcels."""
        if self.stands not in _BEFORE_HANDED:
            SHIPMENT.check(self.stands, ShipmentState.HANDED)
        if self.parcels:
            raise ParcelsMade(number=self.number, parcels=len(self.parcels))

    def make_parcels(self, count: int) -> list[Parcel]:
        """Make `count` parcels with their codes, once. Raises ParcelsMade."""
        self.check_parcels_wanted()
        self.parcels = [
            Parcel(
                code=parcel_code(self.number, position), position=position, progress=Progress.MADE
            )
            for position in range(1, count + 1)
        ]
        return self.parcels

    def hand(
        self, read: ReadBack, *, person: tuple[str, str], now: datetime
    ) -> list[events.ShipmentEvent]:
        """Hand it to the dispatcher, who reads it back. Raises ParcelsMissing, ReadBackDiffers."""
        SHIPMENT.check(self.stands, ShipmentState.HANDED)
        self.check_not_stopped()
        if not self.parcels:
            raise ParcelsMissing(number=self.number)
        self.compare(read)
        self.state = ShipmentState.HANDED
        self.handed_at, (self.handed_by, self.dispatcher_name) = now, person
        return [events.ShipmentHanded(self)]

    def assign_carrier(
        self, *, code: str | None, name: str | None, mode: str | None, waybill: str | None
    ) -> None:
        """Enter what is known of carrier, mode and waybill; what is not given stays."""
        if code:
            self.carrier_code, self.carrier_name = code, name
        self.mode_code = mode or self.mode_code
        self.waybill = waybill or self.waybill

    def cancel(self, now: datetime) -> list[events.ShipmentEvent]:
        """Withdraw it; the goods stay held for the order."""
        self.state = ShipmentState.CANCELLED
        self.cancelled_at = now
        return [events.ShipmentCancelled(self)]

    def go_on_after_hold(
        self, calendar: WorkingCalendar, *, since: datetime, now: datetime
    ) -> None:
        """Let its clock go on, which stood still while its order was on hold."""
        self.due_at = calendar.after_standing_still(self.due_at, since=since, until=now)
        if self.limit_at is not None:
            self.limit_at = calendar.after_standing_still(self.limit_at, since=since, until=now)

    def block(self, why: BlockedFor | None) -> None:
        """Take over what the open blocks of its order amount to, while it has not left."""
        if self.is_open:
            self.blocked = why

    # -- on the road -------------------------------------------------------------------------

    def scan(self, parcel: Parcel, kind: ScanKind) -> bool:
        """Take a scan of one of its parcels; tell whether that was news.

        Raises IllegalMove or why it is stopped where the scan must move nothing. After news the
        caller follows with `advance`; without any the shipment stays where it stands: a scan that
        comes late must not end an exception that was met after it.
        """
        if self.stands not in ROAD and self.stands is not ShipmentState.EXCEPTION:
            # Nothing but handed leads to picking, so this always raises.
            SHIPMENT.check(self.stands, ShipmentState.PICKING)
        self.check_not_stopped()
        return parcel.advance(PROGRESS_BY_SCAN[kind])

    @property
    def by_parcels(self) -> ShipmentState:
        """The state that its parcels amount to; on an exception only a full arrival counts."""
        state = state_by_parcels(parcel.progress for parcel in self.parcels)
        arrived = state in (ShipmentState.ARRIVED, ShipmentState.SIGNED)
        if self.stands is ShipmentState.EXCEPTION and not arrived:
            return ShipmentState.DISPATCHED
        return state

    def advance(
        self, wish: ShipmentState, *, now: datetime, departure: Departure | None
    ) -> list[events.ShipmentEvent]:
        """Move along the road to `wish`, state by state; nothing if that is behind already.

        `departure` is needed where `departs_on_the_way_to(wish)`. Every parcel is brought on
        with it, except that a departure is the first parcel's and need not be all parcels'.
        """
        announced: list[events.ShipmentEvent] = []
        for state in steps(self.stands, wish):
            self.check_not_stopped()
            if state is ShipmentState.DISPATCHED:
                if departure is None:
                    raise ValueError("a departure needs its note")
                self.note_number = departure.note_number
                self.expected_arrival = departure.expected_arrival
                self.depot = departure.depot
                self.dispatched_at = now
            elif state is ShipmentState.IN_TRANSIT:
                self.in_transit_at = self.in_transit_at or now
            elif state is ShipmentState.ARRIVED:
                self.arrived_at = now
            elif state is ShipmentState.SIGNED:
                self.signed_at = now
                self._sign_in_full()
            self.state = state
            if (event := events.BY_STATE.get(state)) is not None:
                announced.append(event(self))
        return announced

    def report(
        self, wish: ShipmentState, *, now: datetime, departure: Departure | None = None
    ) -> list[events.ShipmentEvent]:
        """Move to `wish` as a person says, with all parcels. Raises IllegalMove if it is behind."""
        self.check_on_road_to(wish)
        announced = self.advance(wish, now=now, departure=departure)
        for parcel in self.parcels:
            parcel.advance(PROGRESS_BY_STATE[wish])
        return announced

    def _sign_in_full(self) -> None:
        for line in self.lines:
            if line.signed_quantity is None:
                line.signed_quantity, line.damaged_quantity = line.quantity, Decimal(0)

    def enter_receipt(
        self,
        *,
        signer: str,
        received: Iterable[Received],
        damage: str | None,
        now: datetime,
        attachment: str | None = None,
    ) -> None:
        """Enter what the customer's signature says; unnamed lines count as full, undamaged.

        Raises LineTwice, MoreThanShipped, QuantityNotInUnit.
        """
        by_number: dict[int, Received] = {}
        for each in received:
            if each.line_no in by_number:
                raise LineTwice(line_no=each.line_no)
            by_number[each.line_no] = each
        for line in self.lines:
            item = by_number.pop(line.line_no, Received(line.line_no, line.quantity, Decimal(0)))
            if item.quantity > line.quantity or item.damaged > item.quantity:
                raise MoreThanShipped(
                    line_no=line.line_no,
                    quantity=max(item.quantity, item.damaged),
                    shipped=line.quantity,
                )
            line.signed_quantity = quantity.check(item.quantity, line.unit_decimals)
            line.damaged_quantity = quantity.check(item.damaged, line.unit_decimals)
        if by_number:
            stray = min(by_number)
            raise MoreThanShipped(line_no=stray, quantity=by_number[stray].quantity, shipped=0)
        self.signer, self.damage, self.receipt_at = signer, damage, now
        self.receipt_attachment = attachment

    def fail(self, kind: ShipmentState, note: str, now: datetime) -> list[events.ShipmentEvent]:
        """Note that it met an exception, was lost or came back."""
        self.state = kind
        self.failed_at, self.failure_note = now, note
        return [events.ShipmentFailed(self, kind=str(kind), note=note)]
