"""Indexes for searches by the beginning of a number and for orders on hold."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_order_number_beginning",
        "order",
        ["number"],
        postgresql_ops={"number": "text_pattern_ops"},
    )
    op.create_index(
        "ix_order_on_hold",
        "order",
        [sa.text("created_at desc"), sa.text("id desc")],
        postgresql_where=sa.text("hold is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_order_on_hold", "order")
    op.drop_index("ix_order_number_beginning", "order")
