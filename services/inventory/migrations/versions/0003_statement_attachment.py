"""A statement's attachment is named by its content's hash, as everywhere."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No file could be sent in before: the ids that stand there name nothing.
    op.drop_column("statement", "attachment_id")
    op.add_column(
        "statement",
        sa.Column("attachment", sa.Text(), nullable=True, comment="content hash of a file, if any"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
