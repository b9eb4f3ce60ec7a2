"""What the system says of an anomaly in Chinese: work lists showed its English words."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "anomaly",
        sa.Column("text_zh", sa.Text(), nullable=True, comment="null: a person's own words"),
    )


def downgrade() -> None:
    op.drop_column("anomaly", "text_zh")
