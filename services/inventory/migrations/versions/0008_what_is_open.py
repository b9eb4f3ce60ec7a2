"""What work lists and warnings read of instructions and transfers: those that are still open."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_instruction_open",
        "instruction",
        ["state", "production_due", "number"],
        postgresql_where=sa.text("state not in ('stocked', 'cancelled')"),
    )
    op.create_index(
        "ix_transfer_open",
        "transfer",
        ["number"],
        postgresql_where=sa.text("state in ('requested', 'sent')"),
    )


def downgrade() -> None:
    op.drop_index("ix_transfer_open", "transfer")
    op.drop_index("ix_instruction_open", "instruction")
