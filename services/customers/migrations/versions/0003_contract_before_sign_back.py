"""What a contract says about the works instruction before the sign-back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "contract", sa.Column("instruction_before_sign_back", sa.Boolean(), nullable=True)
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
