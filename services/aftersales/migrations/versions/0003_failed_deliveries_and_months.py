"""Cases of failed deliveries, how a case was resolved, monthly visits."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "case", sa.Column("shipment_id", sa.UUID(), nullable=True, comment="whose delivery failed")
    )
    op.add_column(
        "case",
        sa.Column(
            "reshipped_as",
            sa.Text(),
            nullable=True,
            comment="number of the order in its place",
        ),
    )
    op.add_column("case", sa.Column("reshipped_by", sa.Text(), nullable=True))
    op.add_column("case", sa.Column("resolution", sa.String(length=40), nullable=True))
    op.add_column(
        "case_line",
        sa.Column("unit_decimals", sa.Integer(), nullable=False, server_default="3"),
    )
    op.alter_column("case_line", "unit_decimals", server_default=None)
    op.create_index("ix_case_shipment", "case", ["shipment_id"])
    op.create_index("ix_visit_made", "visit", ["visited_at"])
    op.create_index(
        "uq_visit_monthly",
        "visit",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("reason = 'monthly' and state = 'planned'"),
    )


def downgrade() -> None:
    op.drop_index("uq_visit_monthly", "visit")
    op.drop_index("ix_visit_made", "visit")
    op.drop_index("ix_case_shipment", "case")
    op.drop_column("case_line", "unit_decimals")
    for column in ("resolution", "reshipped_by", "reshipped_as", "shipment_id"):
        op.drop_column("case", column)
