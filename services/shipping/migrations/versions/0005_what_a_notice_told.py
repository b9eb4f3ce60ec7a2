"""A notice counts for the arrival that it told; one sent before this told it as it stands."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "notice_sending",
        sa.Column("expected_arrival", sa.Date(), nullable=True, comment="the arrival that it told"),
    )


def downgrade() -> None:
    op.drop_column("notice_sending", "expected_arrival")
