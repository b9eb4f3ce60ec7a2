"""What earlier instructions for a line made and put into stock."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COMMENTS = {
    "accepted_before": "what earlier instructions for the line put into stock",
    "produced_before": "what earlier ones made",
}


def upgrade() -> None:
    for column, comment in _COMMENTS.items():
        op.add_column(
            "instruction",
            sa.Column(
                column,
                sa.Numeric(precision=16, scale=3),
                nullable=False,
                server_default="0",
                comment=comment,
            ),
        )
        op.alter_column("instruction", column, server_default=None)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
