"""Customers whose orders are handed over to another salesperson, some at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customer_copy",
        sa.Column(
            "handing_over",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="orders of it still show another salesperson",
        ),
    )
    op.create_index(
        "ix_customer_copy_handing_over",
        "customer_copy",
        ["id"],
        postgresql_where=sa.text("handing_over"),
    )


def downgrade() -> None:
    op.drop_column("customer_copy", "handing_over")
