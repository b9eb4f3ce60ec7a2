"""Attachments: whose file, and for what; the bytes lie in a folder under their hash."""

import sqlalchemy as sa
from alembic import op

from chassis.mapping import MomentType

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False, comment="SHA-256 of the bytes"),
        sa.Column("name", sa.String(length=100), nullable=False, comment="made safe, not as sent"),
        sa.Column("size", sa.Integer(), nullable=False, comment="bytes"),
        sa.Column(
            "media_type", sa.String(length=40), nullable=False, comment="found in the content"
        ),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("order_number", sa.String(length=30), nullable=True),
        sa.Column("uploaded_by", sa.String(length=80), nullable=False),
        sa.Column("uploaded_by_name", sa.String(length=120), nullable=False),
        sa.Column("uploaded_at", MomentType(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_hash"), "attachment", ["hash"], unique=False)
    op.create_index(op.f("ix_attachment_order_number"), "attachment", ["order_number"])
    op.create_index(
        "uq_attachment_same",
        "attachment",
        ["hash", sa.text("coalesce(order_number, '')"), "purpose", "uploaded_by"],
        unique=True,
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
