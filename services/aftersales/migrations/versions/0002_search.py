"""What searches by code and lists by order read."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# As chassis/grams.py makes them: of each run of letters and digits every four in a row.
_CASE_FOURS = """
update "case" set grams = array(
    select unnest(grams) union
    select substr(run[1], i, 4)
    from regexp_matches(
        regexp_replace(
            lower(normalize(
                concat_ws(E'\\n', customer_name, (
                    select view -> 'customer' ->> 'code' from order_copy o where o.id = order_id
                )), NFKC)),
            '[^[:alnum:]\\n]', '', 'g'),
        '[0-9a-z]{4,}', 'g') as run, generate_series(1, length(run[1]) - 3) as i
    order by 1)
"""


def upgrade() -> None:
    op.execute(_CASE_FOURS)
    op.create_index("ix_case_order_number", "case", ["order_number"])
    op.create_index("ix_visit_order_number", "visit", ["order_number"])


def downgrade() -> None:
    op.drop_index("ix_visit_order_number", "visit")
    op.drop_index("ix_case_order_number", "case")
