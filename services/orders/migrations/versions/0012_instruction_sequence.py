"""Of the news of a line's works instruction the newer one wins, so that corrections reach it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default stays: the release before this one writes lines without it. What was heard
    # before counts for the oldest, so that the next news wins.
    op.add_column(
        "order_line",
        sa.Column(
            "instruction_sequence",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="of the newest event heard of its works instruction",
        ),
    )


def downgrade() -> None:
    op.drop_column("order_line", "instruction_sequence")
