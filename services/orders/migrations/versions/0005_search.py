"""What searches by product, amount, phone and code read, and the list of lines to issue."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OLD, _NEW = "of name and phone, for search", "of name, phone and code, for search"
# As chassis/grams.py makes them: of each run of letters and digits every four in a row.
_TELL = """
update "order" set product_codes = array(
    select distinct product_code from order_line where order_id = "order".id order by 1),
grams = array(
    select unnest(grams) union
    select substr(run[1], i, 4)
    from regexp_matches(
        regexp_replace(
            lower(normalize(
                concat_ws(E'\\n', customer_name, consignee_phone, customer_code), NFKC)),
            '[^[:alnum:]\\n]', '', 'g'),
        '[0-9a-z]{4,}', 'g') as run, generate_series(1, length(run[1]) - 3) as i
    order by 1)
"""


def upgrade() -> None:
    op.alter_column("order", "grams", existing_type=ARRAY(sa.Text()), comment=_NEW)
    op.add_column(
        "order",
        sa.Column(
            "product_codes", ARRAY(sa.Text()), nullable=True, comment="of its lines, for search"
        ),
    )
    # Made anew, which is much faster than following each of the rows.
    op.drop_index("ix_order_grams", "order")
    op.execute(_TELL)
    op.alter_column("order", "product_codes", nullable=False)
    op.create_index("ix_order_grams", "order", ["grams"], postgresql_using="gin")
    op.create_index("ix_order_product_codes", "order", ["product_codes"], postgresql_using="gin")
    op.create_index("ix_order_total", "order", ["total"])
    for name in ("product_code", "customer_code"):
        op.create_index(f"ix_price_scheme_{name}", "price_scheme", [name, "code"])
    op.create_index(
        "ix_order_line_to_issue",
        "order_line",
        ["order_id"],
        postgresql_where=sa.text(
            "supply = 'make' and short_closed is false"
            " and (production is null or production = 'draft')"
        ),
    )
    op.drop_index("ix_order_line_product", "order_line")


def downgrade() -> None:
    for name in ("customer_code", "product_code"):
        op.drop_index(f"ix_price_scheme_{name}", "price_scheme")
    op.create_index("ix_order_line_product", "order_line", ["product_id", "order_id"])
    op.drop_index("ix_order_line_to_issue", "order_line")
    op.drop_index("ix_order_total", "order")
    op.drop_index("ix_order_product_codes", "order")
    op.drop_column("order", "product_codes")
    op.alter_column("order", "grams", existing_type=ARRAY(sa.Text()), comment=_OLD)
