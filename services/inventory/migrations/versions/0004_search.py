"""What searches by code, and lists by order, product and state, read."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# As chassis/grams.py makes them: of each run of letters and digits every four in a row.
_PRODUCT_FOURS = """
update "product" set grams = array(
    select unnest(grams) union
    select substr(run[1], i, 4)
    from regexp_matches(
        regexp_replace(
            lower(normalize(concat_ws(E'\\n', code, name, spec), NFKC)),
            '[^[:alnum:]\\n]', '', 'g'),
        '[0-9a-z]{4,}', 'g') as run, generate_series(1, length(run[1]) - 3) as i
    order by 1)
"""
_MATERIAL_FOURS = """
update "material" set grams = array(
    select unnest(grams) union
    select substr(run[1], i, 4)
    from regexp_matches(
        regexp_replace(
            lower(normalize(concat_ws(E'\\n', code, name, spec), NFKC)),
            '[^[:alnum:]\\n]', '', 'g'),
        '[0-9a-z]{4,}', 'g') as run, generate_series(1, length(run[1]) - 3) as i
    order by 1)
"""


def upgrade() -> None:
    op.execute(_PRODUCT_FOURS)
    op.execute(_MATERIAL_FOURS)
    op.create_index("ix_instruction_order_number", "instruction", ["order_number"])
    op.create_index("ix_instruction_product", "instruction", ["product_code", "drafted_at", "id"])
    op.create_index("ix_statement_order_number", "statement", ["order_number"])
    op.create_index("ix_wish_state", "wish", ["state", "number"])


def downgrade() -> None:
    op.drop_index("ix_wish_state", "wish")
    op.drop_index("ix_statement_order_number", "statement")
    op.drop_index("ix_instruction_product", "instruction")
    op.drop_index("ix_instruction_order_number", "instruction")
