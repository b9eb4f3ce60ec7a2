"""An order's row counts how often its money went back, so that no older verdict releases it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "order_lock",
        sa.Column(
            "reversals",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="how often money of it went back, as far as is known here",
        ),
    )


def downgrade() -> None:
    op.drop_column("order_lock", "reversals")
