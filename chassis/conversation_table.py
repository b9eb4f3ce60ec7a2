"""The row of a conversation over services, which is also its idempotency row."""

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from chassis.mapping import MomentType


def table(metadata: MetaData) -> Table:
    """Declare the table. States: running → done, or running → undoing → refused or void."""
    return Table(
        "conversation",
        metadata,
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("kind", String(40), nullable=False),
        Column("principal_id", String(80), nullable=False),
        Column("key", String(120), nullable=False),
        Column("principal", JSONB, nullable=False),
        Column("body", JSONB, nullable=False),
        Column("body_hash", String(64), nullable=False),
        Column("notes", JSONB, nullable=False, comment="what its first transaction laid down"),
        Column("state", String(10), nullable=False),
        Column("epoch", Integer, nullable=False, comment="counts attempts after a void one"),
        Column("attempts", Integer, nullable=False),
        Column("answer", JSONB),
        Column("error", JSONB, comment="the refusal, as it crosses the wire"),
        Column("deadline", MomentType, nullable=False, comment="machine time; then undone"),
        Column("lease_until", MomentType, nullable=False, comment="another may take it up then"),
        Column("created_at", MomentType, nullable=False),
        UniqueConstraint("principal_id", "key"),
        Index(
            "ix_conversation_open",
            "lease_until",
            postgresql_where=text("state in ('running', 'undoing')"),
        ),
    )
