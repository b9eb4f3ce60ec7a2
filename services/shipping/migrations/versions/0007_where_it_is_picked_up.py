"""A shipment keeps the depot where the customer picks it up, and a notice which one it told."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "shipment",
        sa.Column(
            "depot",
            sa.Text(),
            nullable=True,
            comment="where the customer picks it up, once its carrier is known; "
            "null: not at a depot",
        ),
    )
    op.add_column(
        "notice_sending",
        sa.Column("depot", sa.Text(), nullable=True, comment="the place of pickup that it told"),
    )


def downgrade() -> None:
    op.drop_column("notice_sending", "depot")
    op.drop_column("shipment", "depot")
