"""Where the answers of commands are kept by their idempotency key (ARCHITECTURE §4.5)."""

from sqlalchemy import Column, MetaData, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from chassis.mapping import MomentType


def table(metadata: MetaData) -> Table:
    """Declare the table; a row and the command's changes are one transaction."""
    return Table(
        "command",
        metadata,
        Column("principal_id", String(80), primary_key=True, comment="whose key it is"),
        Column("key", String(120), primary_key=True),
        Column("body_hash", String(64), nullable=False, comment="of method and body"),
        Column("answer", JSONB, comment="null only while its transaction runs"),
        Column("created_at", MomentType, nullable=False, index=True),
    )
