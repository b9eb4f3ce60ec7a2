"""A cancelled order's gates wait for nobody: work lists read the open ones, the longest first."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "update gate set opened_at = null where opened_at is not null and verdict <> 'passed'"
        " and order_id in (select id from \"order\" where stage = 'cancelled')"
    )


def downgrade() -> None:
    """Nothing to undo: the log tells when a gate was opened."""
