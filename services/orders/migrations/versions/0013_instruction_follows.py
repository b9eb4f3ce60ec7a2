"""What comes next for a works instruction: its state alone does not tell whose turn it is."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "order_line",
        sa.Column(
            "instruction_follows",
            sa.Text(),
            nullable=True,
            comment="what comes next for its works instruction, as inventory told",
        ),
    )


def downgrade() -> None:
    op.drop_column("order_line", "instruction_follows")
