"""Gates: signed verdicts on an order, one of each kind (SPEC §5)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis.mapping import start_with
from services.orders.domain import Base
from services.orders.domain.lifecycle import GateKind, Verdict

# Which gates wait for others: material is asked when technique has passed, schedule when
# material is signed, approval when all others have passed.
OPENS_AFTER: dict[GateKind, GateKind] = {
    GateKind.MATERIAL: GateKind.TECHNIQUE,
    GateKind.SCHEDULE: GateKind.MATERIAL,
}

# Signed in inventory, for the lines that are made; its events set them here.
STATED = (GateKind.TECHNIQUE, GateKind.MATERIAL, GateKind.SCHEDULE)

# Whose signature stands on another's: when that one changes, it is asked again.
DEPENDS_ON: dict[GateKind, frozenset[GateKind]] = {
    GateKind.TECHNIQUE: frozenset({GateKind.MATERIAL, GateKind.SCHEDULE, GateKind.APPROVAL}),
    GateKind.MATERIAL: frozenset({GateKind.SCHEDULE, GateKind.APPROVAL}),
    GateKind.SCHEDULE: frozenset({GateKind.APPROVAL}),
}

# Who settles a gate, for work lists; the rules on overrides are in the order's verbs.
OWNERS: dict[GateKind, tuple[str, ...]] = {
    GateKind.PRICE: ("sales", "director"),
    GateKind.CREDIT: ("finance", "director"),
    GateKind.TECHNIQUE: ("technician",),
    GateKind.MATERIAL: ("technician",),
    GateKind.SCHEDULE: ("planner",),
    GateKind.APPROVAL: ("supervisor", "director"),
}

# A gate that nobody has signed, beside its figures.
_UNSIGNED: dict[str, Any] = {
    "verdict": Verdict.PENDING,
    "opened_at": None,
    **dict.fromkeys(("text", "text_zh", "signer_id", "signer_name", "signed_at")),
    "valid_until": None,
    "attachment": None,
    "override": False,
}

# Figures of the system's own verdicts name the rule they were reached by.
RULE_VERSION = "2026-11"


class Gate(Base):
    """One kind of check of an order: who signed what about which revision."""

    __tablename__ = "gate"
    __table_args__ = (
        Index(
            "ix_gate_waiting",
            "kind",
            "opened_at",
            postgresql_where=text("verdict <> 'passed' and opened_at is not null"),
        ),
    )

    order_id: Mapped[UUID] = mapped_column(
        ForeignKey("order.id", ondelete="cascade"), primary_key=True
    )
    kind: Mapped[GateKind] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(comment="of the order that the verdict is about")
    verdict: Mapped[Verdict]
    opened_at: Mapped[datetime | None] = mapped_column(comment="null: waits for another gate")
    inputs: Mapped[str] = mapped_column(comment="hash of what the verdict depends on")
    text: Mapped[str | None]
    text_zh: Mapped[str | None]
    signer_id: Mapped[str | None] = mapped_column(comment="'system' where the system judges")
    signer_name: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    valid_until: Mapped[date | None]
    attachment: Mapped[str | None] = mapped_column(comment="content hash of a file, if any")
    override: Mapped[bool] = mapped_column(comment="a person let it pass against the system")
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)

    def __init__(self, order_id: UUID, kind: GateKind, *, revision: int, inputs: str) -> None:
        unsigned = {**_UNSIGNED, "figures": {}}
        start_with(self, order_id=order_id, kind=kind, revision=revision, inputs=inputs, **unsigned)

    def reopen(self, revision: int, inputs: str) -> None:
        """Forget the verdict: what it depended on has changed."""
        self.revision = revision
        self.inputs = inputs
        self.figures = {}
        for name, nothing in _UNSIGNED.items():
            setattr(self, name, nothing)

    def close(self) -> None:
        """Wait for nobody any more: its order has ended, and what was signed stays to be read."""
        if not self.has_passed:
            self.opened_at = None

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None and self.verdict is not Verdict.PASSED

    @property
    def has_passed(self) -> bool:
        return self.verdict is Verdict.PASSED

    @property
    def stands_against(self) -> bool:
        """Whether somebody signed that the order cannot go on as it is."""
        return self.verdict in (Verdict.REFUSED, Verdict.SHORT)

    def has_expired(self, today: date) -> bool:
        """Whether it passed by a statement whose last valid day is over."""
        return self.has_passed and self.valid_until is not None and self.valid_until < today

    def sign(
        self,
        verdict: Verdict,
        *,
        signer_id: str,
        signer_name: str,
        at: datetime,
        text: str,
        text_zh: str | None = None,
        figures: dict[str, Any] | None = None,
        valid_until: date | None = None,
        attachment: str | None = None,
        override: bool = False,
    ) -> None:
        """Write a signed verdict with its figures."""
        self.verdict = verdict
        self.opened_at = self.opened_at or at
        self.signer_id, self.signer_name, self.signed_at = signer_id, signer_name, at
        self.text, self.text_zh = text, text_zh
        self.figures = figures or {}
        self.valid_until, self.attachment, self.override = valid_until, attachment, override
