"""A customer may have signed for next year while this year's contract is in force."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "uq_contract_signed_from",
        "contract",
        ["customer_id", "valid_from"],
        unique=True,
        postgresql_where=sa.text("state = 'signed'"),
    )
    op.drop_index("uq_contract_signed", "contract")


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
