"""Signed statements on technique, material and schedule: oral is never enough (SPEC §5)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, validates

from chassis.mapping import Announcing
from services.inventory.domain import Base
from services.inventory.domain.errors import (
    AlternativeMissing,
    DueBeforeMaterial,
    InsistenceMissing,
    MaterialDateMissing,
    ProductionDueMissing,
    ValidUntilPast,
    VerdictNotOfKind,
)
from services.inventory.domain.events import MaterialStated, ScheduleStated, TechniqueStated
from services.inventory.domain.lifecycle import STATEMENT, StatementKind, Verdict

# Who signs which kind.
SIGNERS: dict[StatementKind, str] = {
    StatementKind.TECHNIQUE: "technician",
    StatementKind.MATERIAL: "technician",
    StatementKind.SCHEDULE: "planner",
}

VERDICTS: dict[StatementKind, frozenset[Verdict]] = {
    StatementKind.TECHNIQUE: frozenset({Verdict.PASSED, Verdict.REFUSED}),
    StatementKind.MATERIAL: frozenset({Verdict.PASSED, Verdict.SHORT, Verdict.WAITS}),
    StatementKind.SCHEDULE: frozenset({Verdict.PASSED}),
}


class Basis(StrEnum):
    """On what a technique statement rests."""

    CURRENT_RECIPE = "current_recipe"  # Producible with the recipe in force.
    WRITTEN_INSISTENCE = "written_insistence"  # The customer insists in writing on the old one.
    ALTERNATIVE = "alternative"  # Not so, but another way is offered.
    SAMPLE_FLOW = "sample_flow"  # Not yet: a sample is made and confirmed first.


# What a signed technique statement may rest on.
BASES: dict[Verdict, frozenset[Basis]] = {
    Verdict.PASSED: frozenset({Basis.CURRENT_RECIPE, Basis.WRITTEN_INSISTENCE}),
    Verdict.REFUSED: frozenset({Basis.ALTERNATIVE, Basis.SAMPLE_FLOW}),
}


@dataclass(frozen=True)
class Signature:
    """Who signs, when, and what is written above the signature."""

    signer_id: str
    signer_name: str
    at: datetime
    today: date
    text: str
    valid_until: date | None = None
    attachment: str | None = None


class Statement(Announcing, Base):
    """One written verdict on all made lines of an order at one revision.

    There is one for each order, kind and revision; it is signed anew in place while it has not
    settled, and the log keeps what it said before.
    """

    __tablename__ = "statement"
    __table_args__ = (
        UniqueConstraint("order_id", "kind", "revision"),
        Index(
            "ix_statement_to_sign",
            "kind",
            "opened_at",
            postgresql_where=text("verdict in ('pending', 'refused', 'short')"),
        ),
        Index("ix_statement_opened", "opened_at", "id"),
        Index("ix_statement_order_number", "order_number"),
        Index("ix_statement_customer", "customer_id", postgresql_where=text("kind = 'technique'")),
    )
    aggregate_type = "statement"

    order_id: Mapped[UUID]
    order_number: Mapped[str]
    customer_id: Mapped[UUID | None]
    kind: Mapped[StatementKind]
    revision: Mapped[int] = mapped_column(comment="of the order that it was opened for")
    carried_to: Mapped[int] = mapped_column(comment="latest revision that it still holds for")
    verdict: Mapped[Verdict]
    opened_at: Mapped[datetime]
    text: Mapped[str | None]
    signer_id: Mapped[str | None]
    signer_name: Mapped[str | None]
    signed_at: Mapped[datetime | None]
    valid_until: Mapped[date | None]
    attachment: Mapped[str | None] = mapped_column(comment="content hash of a file, if any")
    basis: Mapped[Basis | None] = mapped_column(comment="technique: on what the verdict rests")
    passed_at: Mapped[datetime | None] = mapped_column(
        comment="technique: when it last passed, also once it is opened again or void"
    )
    reference: Mapped[str | None] = mapped_column(
        comment="technique: the alternative, or which paper of the customer insists"
    )
    material_date: Mapped[date | None] = mapped_column(comment="short: when material arrives")
    production_due: Mapped[date | None] = mapped_column(comment="schedule: of its latest line")
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)

    def __init__(
        self,
        *,
        statement_id: UUID,
        order_id: UUID,
        order_number: str,
        customer_id: UUID | None,
        kind: StatementKind,
        revision: int,
        lines: list[dict[str, Any]],
        opened_at: datetime,
    ) -> None:
        self.id = statement_id
        self.sequence = 0
        self.order_id, self.order_number = order_id, order_number
        self.customer_id = customer_id
        self.kind, self.revision, self.carried_to = kind, revision, revision
        self.verdict = Verdict.PENDING
        self.passed_at = None
        self.lines = lines
        self._clear(opened_at)

    def _clear(self, opened_at: datetime) -> None:
        self.opened_at = opened_at
        self.text = self.signer_id = self.signer_name = None
        self.signed_at = self.valid_until = self.attachment = None
        self.basis = self.reference = None
        self.material_date = self.production_due = None
        self.figures = {}

    @validates("verdict")
    def _only_legal_moves(self, _: str, wish: Verdict) -> Verdict:
        if self.verdict is not None:
            STATEMENT.check(self.verdict, wish, order_number=self.order_number, kind=self.kind)
        return wish

    @property
    def has_passed(self) -> bool:
        """Whether its gate passes: signed in favour, or waiting for an arrival."""
        return self.verdict in {Verdict.PASSED, Verdict.WAITS}

    def has_expired(self, today: date) -> bool:
        """Whether it passed, and its last valid day is over."""
        return self.has_passed and self.valid_until is not None and self.valid_until < today

    @property
    def is_signed(self) -> bool:
        return self.verdict not in {Verdict.PENDING, Verdict.VOID}

    def line_due(self, line_id: UUID) -> date | None:
        """Give the signed production_due of a line, if this is a signed schedule."""
        for line in self.lines:
            if line["line_id"] == str(line_id) and line.get("production_due"):
                return date.fromisoformat(line["production_due"])
        return None

    def check_signable(self, verdict: Verdict) -> None:
        """Raise IllegalMove or VerdictNotOfKind unless `verdict` may be signed now."""
        if verdict not in VERDICTS[self.kind]:
            raise VerdictNotOfKind(
                kind=self.kind,
                verdict=verdict,
                allowed=", ".join(sorted(VERDICTS[self.kind])),
            )
        if not self._is_signed_schedule:
            STATEMENT.check(self.verdict, verdict, order_number=self.order_number, kind=self.kind)

    @property
    def _is_signed_schedule(self) -> bool:
        """Whether it is the one kind that has more to say once passed: another date."""
        return self.kind is StatementKind.SCHEDULE and self.verdict is Verdict.PASSED

    def sign_technique(
        self, signature: Signature, *, verdict: Verdict, basis: Basis, reference: str | None
    ) -> TechniqueStated:
        """Sign whether it can be produced, and on what that rests.

        Raises AlternativeMissing for a refusal that offers neither alternative nor sample, and
        InsistenceMissing for one on a customer's insistence without naming the paper.
        """
        self.check_signable(verdict)
        if basis not in BASES[verdict]:
            if verdict is Verdict.REFUSED:
                raise AlternativeMissing(order_number=self.order_number)
            raise VerdictNotOfKind(kind=basis, verdict=verdict, allowed=", ".join(BASES[verdict]))
        if basis is Basis.ALTERNATIVE and not reference:
            raise AlternativeMissing(order_number=self.order_number)
        if basis is Basis.WRITTEN_INSISTENCE and not (reference or signature.attachment):
            raise InsistenceMissing(order_number=self.order_number)
        self._sign(verdict, signature)
        self.basis, self.reference = basis, reference
        if verdict is Verdict.PASSED:
            self.passed_at = signature.at
        return TechniqueStated(self)

    def sign_material(
        self,
        signature: Signature,
        *,
        verdict: Verdict,
        figures: dict[str, Any],
        material_date: date | None = None,
    ) -> MaterialStated:
        """Sign how the raw material stands. Raises MaterialDateMissing for a bare `short`."""
        self.check_signable(verdict)
        if verdict is Verdict.SHORT and (material_date is None or material_date < signature.today):
            raise MaterialDateMissing(order_number=self.order_number)
        self._sign(verdict, signature)
        self.material_date = material_date if verdict is not Verdict.PASSED else None
        self.figures = figures
        return MaterialStated(self)

    def sign_schedule(
        self,
        signature: Signature,
        *,
        due_by_line: dict[UUID, date],
        figures: dict[str, Any],
        not_before: date | None,
    ) -> ScheduleStated:
        """Sign when each made line will be ready.

        Raises ProductionDueMissing naming the lines without a date or with one in the past,
        and DueBeforeMaterial for a date before the material is there.
        """
        self.check_signable(Verdict.PASSED)
        missing = [
            line["line_no"]
            for line in self.lines
            if (due := due_by_line.get(UUID(line["line_id"]))) is None or due < signature.today
        ]
        if missing:
            raise ProductionDueMissing(order_number=self.order_number, lines=missing)
        first = min(due_by_line.values())
        if not_before is not None and first < not_before:
            raise DueBeforeMaterial(production_due=first, material_date=not_before)
        if self._is_signed_schedule:
            self.verdict = Verdict.PENDING
        self._sign(Verdict.PASSED, signature)
        self.set_dates(due_by_line)
        self.figures = figures
        return ScheduleStated(self)

    def _sign(self, verdict: Verdict, signature: Signature) -> None:
        if signature.valid_until is not None and signature.valid_until < signature.today:
            raise ValidUntilPast(valid_until=signature.valid_until)
        self.verdict = verdict
        self.text = signature.text
        self.signer_id, self.signer_name = signature.signer_id, signature.signer_name
        self.signed_at = signature.at
        self.valid_until, self.attachment = signature.valid_until, signature.attachment

    def set_dates(self, due_by_line: dict[UUID, date]) -> None:
        """Write the lines' dates: signed ones, or signed ones that slid with the order's."""
        self.lines = [
            {**line, "production_due": due.isoformat()}
            if (due := due_by_line.get(UUID(line["line_id"])))
            else line
            for line in self.lines
        ]
        dates = [line["production_due"] for line in self.lines if line.get("production_due")]
        self.production_due = date.fromisoformat(max(dates)) if dates else None

    def carry_over(self, revision: int) -> None:
        """Let the verdict stand for a later revision whose input did not change for it."""
        self.carried_to = max(self.carried_to, revision)

    def open_again(self, *, lines: list[dict[str, Any]], at: datetime) -> None:
        """Forget the verdict: what it rested on was stated anew or submitted again."""
        self.verdict = Verdict.PENDING
        self.lines = lines
        self._clear(at)

    def void(self) -> None:
        """End it: a later revision, an expiry or a cancellation took its place."""
        if self.verdict is not Verdict.VOID:
            self.verdict = Verdict.VOID
