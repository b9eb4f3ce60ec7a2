"""What the warehouse's work list reads: arrivals that are expected, the first first."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_arrival_due",
        "arrival",
        ["expected_on", "number"],
        postgresql_where=sa.text("state = 'expected'"),
    )


def downgrade() -> None:
    op.drop_index("ix_arrival_due", "arrival")
