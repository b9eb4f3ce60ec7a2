"""What searches by code and phone, and lists by state, read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# As chassis/grams.py makes them: of each run of letters and digits every four in a row.
_CUSTOMER_FOURS = """
update "customer" set grams = array(
    select unnest(grams) union
    select substr(run[1], i, 4)
    from regexp_matches(
        search_text,
        '[0-9a-z]{4,}', 'g') as run, generate_series(1, length(run[1]) - 3) as i
    order by 1)
"""


def upgrade() -> None:
    op.alter_column("customer", "grams", type_=ARRAY(sa.String(4)))
    op.execute(_CUSTOMER_FOURS)
    op.create_index("ix_payment_state", "payment", ["state", "number"])
    op.create_index("ix_notice_state", "notice", ["state", "number"])


def downgrade() -> None:
    op.execute(
        "update customer set grams = array(select g from unnest(grams) g where length(g) < 3)"
    )
    op.alter_column("customer", "grams", type_=ARRAY(sa.String(2)))
    op.drop_index("ix_notice_state", "notice")
    op.drop_index("ix_payment_state", "payment")
