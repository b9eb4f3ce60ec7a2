"""Whether a further instruction makes what lacks of a line after a lot of it is in stock."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of older lots nothing is known to follow; they count as they did. The version before this
    # one knows no such column and goes on writing without it while replicas are replaced.
    op.add_column(
        "accepted_lot",
        sa.Column(
            "rest_follows",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a further instruction makes what lacks of the line",
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
