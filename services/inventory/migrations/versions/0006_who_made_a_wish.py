"""Who registered a wish: sales sees its own."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "wish",
        sa.Column(
            "made_by_id",
            sa.String(length=80),
            nullable=True,
            comment="person id; a salesperson sees the wishes that he registered",
        ),
    )
    op.execute(
        """
        update wish set made_by_id = log.person_id from change_log log
        where log.entity_type = 'wish' and log.entity_id = wish.number
          and log.action = 'make_wish'
        """
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
