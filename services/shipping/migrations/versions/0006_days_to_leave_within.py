"""Within which working days a shipment is to leave is kept apart from its batch."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "shipment",
        sa.Column(
            "limit_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the end of the working days within which it is to leave, whatever its batch",
        ),
    )
    # Of what was released before, only the batch's departure is known.
    op.execute("update shipment set limit_at = due_at where released_at is null")
    op.create_index("ix_order_block_order_id", "order_block", ["order_id"])


def downgrade() -> None:
    op.drop_index("ix_order_block_order_id", "order_block")
    op.drop_column("shipment", "limit_at")
