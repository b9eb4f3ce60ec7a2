"""Products, recipes, material, finished stock, and what every service keeps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.changes import APPEND_ONLY

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Ledgers are what balances are proved by: the database itself refuses to change their rows.
LEDGERS_APPEND_ONLY = """
create trigger stock_movement_append_only before update or delete or truncate
  on stock_movement for each statement execute function refuse_change();
create trigger material_movement_append_only before update or delete or truncate
  on material_movement for each statement execute function refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "audience",
        sa.Column("service", sa.String(length=40), nullable=False, comment="a listening service"),
        sa.Column(
            "routing_keys",
            postgresql.ARRAY(sa.String(length=90)),
            nullable=False,
            comment="# means every event",
        ),
        sa.Column(
            "caught_up_to",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="all that was sent by then has arrived; null: nothing compared yet",
        ),
        sa.Column(
            "resent", sa.BigInteger(), nullable=False, comment="how many events were sent again"
        ),
        sa.Column(
            "resent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when one was last sent again",
        ),
        sa.Column(
            "compared_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when its inbox was last compared",
        ),
        sa.PrimaryKeyConstraint("service", name="pk_audience"),
    )
    op.create_table(
        "change_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity_type", sa.String(length=40), nullable=False),
        sa.Column("entity_id", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="business time"),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"
        ),
        sa.Column("person_id", sa.String(length=80), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False, comment="field → [old, new]"),
        sa.Column(
            "reason",
            sa.String(length=60),
            nullable=True,
            comment="code from the short list of reasons",
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_change_log"),
    )
    op.create_index(
        "ix_change_log_entity", "change_log", ["entity_type", "entity_id", "id"], unique=False
    )
    op.create_table(
        "command",
        sa.Column("principal_id", sa.String(length=80), nullable=False, comment="whose key it is"),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False, comment="of method and body"),
        sa.Column(
            "answer",
            postgresql.JSONB(),
            nullable=True,
            comment="null only while its transaction runs",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", name="pk_command"),
    )
    op.create_index("ix_command_created_at", "command", ["created_at"], unique=False)
    op.create_table(
        "conversation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("principal_id", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("principal", postgresql.JSONB(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "notes",
            postgresql.JSONB(),
            nullable=False,
            comment="what its first transaction laid down",
        ),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column(
            "epoch", sa.Integer(), nullable=False, comment="counts attempts after a void one"
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=True),
        sa.Column(
            "error",
            postgresql.JSONB(),
            nullable=True,
            comment="the refusal, as it crosses the wire",
        ),
        sa.Column(
            "deadline",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="machine time; then undone",
        ),
        sa.Column(
            "lease_until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="another may take it up then",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
        sa.UniqueConstraint("principal_id", "key", name="uq_conversation_principal_id_key"),
    )
    op.create_index(
        "ix_conversation_open",
        "conversation",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state in ('running', 'undoing')"),
    )
    op.create_table(
        "failed_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("listener", sa.String(length=80), nullable=False, comment="the service's method"),
        sa.Column(
            "message_id", sa.Uuid(), nullable=True, comment="null: the message had no readable id"
        ),
        sa.Column("source", sa.String(length=40), nullable=False, comment="the announcing service"),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("schema_version", sa.SmallInteger(), nullable=True),
        sa.Column("aggregate_type", sa.String(length=40), nullable=True),
        sa.Column("aggregate_id", sa.String(length=80), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="as it came, byte for byte"),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column(
            "attempts", sa.Integer(), nullable=False, comment="failed ones since the last replay"
        ),
        sa.Column(
            "replays", sa.Integer(), nullable=False, comment="how often an operator had it retried"
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True, comment="machine time"),
        sa.Column(
            "despite_gap",
            sa.SmallInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="1: an operator gave up the events before it",
        ),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column(
            "first_failed_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"
        ),
        sa.Column(
            "last_failed_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_failed_message"),
    )
    op.create_index(
        "ix_failed_message_aggregate",
        "failed_message",
        ["listener", "aggregate_type", "aggregate_id", "sequence"],
        unique=False,
    )
    op.create_index(
        "ix_failed_message_due_at",
        "failed_message",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state not in ('parked', 'discarded')"),
    )
    op.create_index(
        "uq_failed_message_listener_message_id",
        "failed_message",
        ["listener", "message_id"],
        unique=True,
    )
    op.create_table(
        "inbox",
        sa.Column("listener", sa.String(length=80), nullable=False, comment="the service's method"),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"
        ),
        sa.PrimaryKeyConstraint("listener", "message_id", name="pk_inbox"),
    )
    op.create_index(
        "ix_inbox_received_at",
        "inbox",
        ["received_at"],
        unique=False,
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_table(
        "job_slot",
        sa.Column("job", sa.String(length=80), nullable=False),
        sa.Column(
            "slot",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the last one done: business time of a daily job, else machine time",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="failed ones of the next slot"),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="machine time before which it is not tried again",
        ),
        sa.Column(
            "done_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="machine time; null: never yet",
        ),
        sa.Column(
            "error",
            sa.Text(),
            nullable=True,
            comment="of the last attempt, while the next slot is failing",
        ),
        sa.PrimaryKeyConstraint("job", name="pk_job_slot"),
    )
    op.create_table(
        "listener_cursor",
        sa.Column("listener", sa.String(length=80), nullable=False),
        sa.Column("aggregate_type", sa.String(length=40), nullable=False),
        sa.Column("aggregate_id", sa.String(length=80), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="of the last event handled"),
        sa.PrimaryKeyConstraint(
            "listener", "aggregate_type", "aggregate_id", name="pk_listener_cursor"
        ),
    )
    op.create_table(
        "material",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("spec", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("unit_decimals", sa.SmallInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "grams",
            postgresql.ARRAY(sa.String()),
            nullable=False,
            comment="what search finds it by",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.CheckConstraint("unit_decimals between 0 and 3", name=op.f("ck_material_unit_decimals")),
        sa.PrimaryKeyConstraint("id", name="pk_material"),
        sa.UniqueConstraint("code", name="uq_material_code"),
    )
    op.create_index(
        "ix_material_grams", "material", ["grams"], unique=False, postgresql_using="gin"
    )
    op.create_table(
        "material_wait",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("production_due", sa.Date(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_material_wait"),
    )
    op.create_index(
        "ix_material_wait_due",
        "material_wait",
        ["production_due", "since", "order_id"],
        unique=False,
    )
    op.create_table(
        "order_copy",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column(
            "view_version",
            sa.Integer(),
            nullable=False,
            comment="of the order, 0 while no view is known",
        ),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "salesperson_id", sa.Text(), nullable=True, comment="who may see it, if only theirs"
        ),
        sa.Column("view", postgresql.JSONB(), nullable=False),
        sa.Column(
            "stopped_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="cancelled here, for good",
        ),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name="pk_order_copy"),
    )
    op.create_index("ix_order_copy_number", "order_copy", ["number"], unique=True)
    op.create_index("ix_order_copy_stage", "order_copy", ["stage"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "message_id", sa.Uuid(), nullable=False, comment="what inboxes know the event by"
        ),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("schema_version", sa.SmallInteger(), nullable=False),
        sa.Column("aggregate_type", sa.String(length=40), nullable=False),
        sa.Column("aggregate_id", sa.String(length=80), nullable=False),
        sa.Column(
            "sequence",
            sa.BigInteger(),
            nullable=False,
            comment="counts the aggregate's events from 1, without holes",
        ),
        sa.Column("body", sa.Text(), nullable=False, comment="the whole envelope as sent, JSON"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"),
        sa.Column(
            "sent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the broker confirmed it; null: to be sent",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index(
        "ix_outbox_sent_at",
        "outbox",
        ["sent_at"],
        unique=False,
        postgresql_where=sa.text("sent_at is not null"),
    )
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("sent_at is null"),
    )
    op.create_table(
        "product",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "spec", sa.String(length=200), nullable=False, comment="size, colour, style as printed"
        ),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("unit_decimals", sa.SmallInteger(), nullable=False),
        sa.Column("default_supply", sa.String(length=10), nullable=False),
        sa.Column(
            "tolerance_over",
            sa.Numeric(precision=7, scale=3),
            nullable=False,
            comment="percent by which the made quantity may exceed the ordered one",
        ),
        sa.Column(
            "tolerance_under",
            sa.Numeric(precision=7, scale=3),
            nullable=False,
            comment="percent by which the made quantity may miss the ordered one",
        ),
        sa.Column("packing", sa.String(length=500), nullable=False),
        sa.Column(
            "standard",
            sa.String(length=1000),
            nullable=False,
            comment="what final inspection judges by (产品出厂标准)",
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "grams",
            postgresql.ARRAY(sa.String()),
            nullable=False,
            comment="what search finds it by",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "sequence", sa.BigInteger(), nullable=False, comment="how many events it has announced"
        ),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.CheckConstraint(
            "default_supply in ('stock', 'make')", name=op.f("ck_product_default_supply")
        ),
        sa.CheckConstraint(
            "tolerance_over >= 0 and tolerance_under between 0 and 100",
            name=op.f("ck_product_tolerance"),
        ),
        sa.CheckConstraint("unit_decimals between 0 and 3", name=op.f("ck_product_unit_decimals")),
        sa.PrimaryKeyConstraint("id", name="pk_product"),
        sa.UniqueConstraint("code", name="uq_product_code"),
    )
    op.create_index("ix_product_category", "product", ["category", "code"], unique=False)
    op.create_index("ix_product_grams", "product", ["grams"], unique=False, postgresql_using="gin")
    op.create_table(
        "setting",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_setting"),
    )
    op.create_table(
        "stock_command",
        sa.Column("command_id", sa.String(length=120), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column(
            "changes",
            postgresql.JSONB(),
            nullable=False,
            comment="by line: what it added to quantity and to surplus",
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('done', 'undone', 'withdrawn')", name=op.f("ck_stock_command_state")
        ),
        sa.PrimaryKeyConstraint("command_id", name="pk_stock_command"),
    )
    op.create_index("ix_stock_command_at", "stock_command", ["at"], unique=False)
    op.create_table(
        "store",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_store"),
    )
    op.create_table(
        "arrival",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=True),
        sa.Column("material_id", sa.UUID(), nullable=True),
        sa.Column("store_code", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("received_quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.Column("supplier", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_by", sa.String(length=120), nullable=True),
        sa.Column(
            "sequence", sa.BigInteger(), nullable=False, comment="how many events it has announced"
        ),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.CheckConstraint(
            "num_nonnulls(product_id, material_id) = 1", name=op.f("ck_arrival_one_item")
        ),
        sa.CheckConstraint(
            "quantity > 0 and received_quantity >= 0", name=op.f("ck_arrival_quantity")
        ),
        sa.ForeignKeyConstraint(["material_id"], ["material.id"], name="fk_arrival_material_id"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_arrival_product_id"),
        sa.ForeignKeyConstraint(["store_code"], ["store.code"], name="fk_arrival_store_code"),
        sa.PrimaryKeyConstraint("id", name="pk_arrival"),
        sa.UniqueConstraint("number", name="uq_arrival_number"),
    )
    op.create_index("ix_arrival_expected_on", "arrival", ["expected_on", "number"], unique=False)
    op.create_index(
        "ix_arrival_material",
        "arrival",
        ["material_id", "expected_on"],
        unique=False,
        postgresql_where=sa.text("state = 'expected'"),
    )
    op.create_index(
        "ix_arrival_product",
        "arrival",
        ["product_id", "expected_on"],
        unique=False,
        postgresql_where=sa.text("state = 'expected'"),
    )
    op.create_table(
        "material_claim",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("material_id", sa.UUID(), nullable=False),
        sa.Column(
            "demand",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="what making the line takes",
        ),
        sa.Column(
            "held",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="reserved for it and not yet consumed",
        ),
        sa.Column(
            "consumed",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="taken at the start of making",
        ),
        sa.Column(
            "returned",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="unused, given back at the finish",
        ),
        sa.Column(
            "held_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the order last claimed it",
        ),
        sa.CheckConstraint("0 <= held and held <= demand", name=op.f("ck_material_claim_held")),
        sa.CheckConstraint(
            "0 <= returned and returned <= consumed", name=op.f("ck_material_claim_consumed")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name="fk_material_claim_material_id"
        ),
        sa.PrimaryKeyConstraint("order_id", "line_id", "material_id", name="pk_material_claim"),
    )
    op.create_index("ix_material_claim_material", "material_claim", ["material_id"], unique=False)
    op.create_table(
        "material_stock",
        sa.Column("material_id", sa.UUID(), nullable=False),
        sa.Column("on_hand", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("reserved", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.CheckConstraint(
            "0 <= reserved and reserved <= on_hand", name=op.f("ck_material_stock_balance")
        ),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name="fk_material_stock_material_id"
        ),
        sa.PrimaryKeyConstraint("material_id", name="pk_material_stock"),
    )
    op.create_table(
        "product_substitute",
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("substitute_id", sa.UUID(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "product_id <> substitute_id", name=op.f("ck_product_substitute_not_itself")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name="fk_product_substitute_product_id"
        ),
        sa.ForeignKeyConstraint(
            ["substitute_id"], ["product.id"], name="fk_product_substitute_substitute_id"
        ),
        sa.PrimaryKeyConstraint("product_id", "substitute_id", name="pk_product_substitute"),
    )
    op.create_table(
        "recipe",
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2, … per product"),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column(
            "changes_product",
            sa.Boolean(),
            nullable=False,
            comment="customers notice it: technique must be confirmed again (工艺改变)",
        ),
        sa.Column("process", sa.Text(), nullable=False, comment="how it is made (工艺)"),
        sa.Column(
            "change_note", sa.String(length=500), nullable=False, comment="what differs from before"
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_recipe_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recipe"),
        sa.UniqueConstraint("product_id", "number", name="uq_recipe_product_id_number"),
    )
    op.create_index(
        "ix_recipe_current",
        "recipe",
        ["product_id"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "reservation",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("store_code", sa.String(length=20), nullable=False),
        sa.Column(
            "supply",
            sa.String(length=10),
            nullable=False,
            comment="stock: at submit; make: at stock-in",
        ),
        sa.Column(
            "quantity", sa.Numeric(precision=16, scale=3), nullable=False, comment="reserved now"
        ),
        sa.Column(
            "surplus",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="part of quantity that a submit gave up, freed once that submit stands",
        ),
        sa.Column(
            "consumed",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="dispatched so far",
        ),
        sa.Column(
            "held_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="business time the order last wanted it",
        ),
        sa.CheckConstraint(
            "0 <= surplus and surplus <= quantity", name=op.f("ck_reservation_surplus")
        ),
        sa.CheckConstraint("consumed >= 0", name=op.f("ck_reservation_consumed")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_reservation_product_id"),
        sa.ForeignKeyConstraint(["store_code"], ["store.code"], name="fk_reservation_store_code"),
        sa.PrimaryKeyConstraint(
            "order_id", "line_id", "product_id", "store_code", name="pk_reservation"
        ),
    )
    op.create_index(
        "ix_reservation_product", "reservation", ["product_id", "store_code"], unique=False
    )
    op.create_table(
        "stock",
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("store_code", sa.String(length=20), nullable=False),
        sa.Column("condition", sa.String(length=10), nullable=False),
        sa.Column("on_hand", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("reserved", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.CheckConstraint(
            "condition = 'good' or reserved = 0", name=op.f("ck_stock_only_good_reserved")
        ),
        sa.CheckConstraint(
            "condition in ('good', 'quarantine', 'defective')", name=op.f("ck_stock_condition")
        ),
        sa.CheckConstraint("0 <= reserved and reserved <= on_hand", name=op.f("ck_stock_balance")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_stock_product_id"),
        sa.ForeignKeyConstraint(["store_code"], ["store.code"], name="fk_stock_store_code"),
        sa.PrimaryKeyConstraint("product_id", "store_code", "condition", name="pk_stock"),
    )
    op.create_table(
        "stock_discrepancy",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("store_code", sa.String(length=20), nullable=False),
        sa.Column("condition", sa.String(length=10), nullable=False),
        sa.Column(
            "quantity",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="how much the books lacked",
        ),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("line_id", sa.UUID(), nullable=True),
        sa.Column("reference", sa.String(length=80), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=120), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_discrepancy_quantity")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name="fk_stock_discrepancy_product_id"
        ),
        sa.ForeignKeyConstraint(
            ["store_code"], ["store.code"], name="fk_stock_discrepancy_store_code"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stock_discrepancy"),
    )
    op.create_index(
        "ix_stock_discrepancy_open",
        "stock_discrepancy",
        ["id"],
        unique=False,
        postgresql_where=sa.text("settled_at is null"),
    )
    op.create_index(
        "ix_stock_discrepancy_reference", "stock_discrepancy", ["reference"], unique=False
    )
    op.create_table(
        "transfer",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("from_store", sa.String(length=20), nullable=False),
        sa.Column("to_store", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column(
            "order_number", sa.String(length=20), nullable=True, comment="for whom, if for one"
        ),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.String(length=80), nullable=False, comment="person id"),
        sa.Column("requested_by_name", sa.String(length=120), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_name", sa.String(length=120), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_by_name", sa.String(length=120), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.CheckConstraint("from_store <> to_store", name=op.f("ck_transfer_two_stores")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_transfer_quantity")),
        sa.ForeignKeyConstraint(["from_store"], ["store.code"], name="fk_transfer_from_store"),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_transfer_product_id"),
        sa.ForeignKeyConstraint(["to_store"], ["store.code"], name="fk_transfer_to_store"),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
        sa.UniqueConstraint("number", name="uq_transfer_number"),
    )
    op.create_index("ix_transfer_state", "transfer", ["state", "number"], unique=False)
    op.create_table(
        "wish",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("customer_name", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "sequence", sa.BigInteger(), nullable=False, comment="how many events it has announced"
        ),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_wish_quantity")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name="fk_wish_product_id"),
        sa.PrimaryKeyConstraint("id", name="pk_wish"),
    )
    op.create_index("ix_wish_number", "wish", ["number"], unique=True)
    op.create_index(
        "ix_wish_open",
        "wish",
        ["product_id", "made_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "material_movement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("material_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column(
            "on_hand",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="by how much it changed on_hand",
        ),
        sa.Column(
            "reserved",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="by how much it changed reserved",
        ),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("line_id", sa.UUID(), nullable=True),
        sa.Column("reference", sa.String(length=80), nullable=True, comment="number of the paper"),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="business time"),
        sa.Column("person_id", sa.String(length=80), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material_stock.material_id"], name="fk_material_movement_material_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_material_movement"),
    )
    op.create_index(
        "ix_material_movement_material", "material_movement", ["material_id", "id"], unique=False
    )
    op.create_index("ix_material_movement_order", "material_movement", ["order_id"], unique=False)
    op.create_table(
        "recipe_line",
        sa.Column("recipe_id", sa.UUID(), nullable=False),
        sa.Column("material_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "per_unit",
            sa.Numeric(precision=16, scale=6),
            nullable=False,
            comment="material for one unit of product, before waste",
        ),
        sa.Column(
            "scrap_percent",
            sa.Numeric(precision=7, scale=3),
            nullable=False,
            comment="waste, on top of per_unit",
        ),
        sa.CheckConstraint("per_unit > 0", name=op.f("ck_recipe_line_per_unit")),
        sa.CheckConstraint("scrap_percent >= 0", name=op.f("ck_recipe_line_scrap_percent")),
        sa.ForeignKeyConstraint(
            ["material_id"], ["material.id"], name="fk_recipe_line_material_id"
        ),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipe.id"], name="fk_recipe_line_recipe_id"),
        sa.PrimaryKeyConstraint("recipe_id", "material_id", name="pk_recipe_line"),
    )
    op.create_index("ix_recipe_line_material", "recipe_line", ["material_id"], unique=False)
    op.create_table(
        "stock_movement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("store_code", sa.String(length=20), nullable=False),
        sa.Column("condition", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column(
            "on_hand",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="by how much it changed on_hand",
        ),
        sa.Column(
            "reserved",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="by how much it changed reserved",
        ),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("line_id", sa.UUID(), nullable=True),
        sa.Column("reference", sa.String(length=80), nullable=True, comment="number of the paper"),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="business time"),
        sa.Column("person_id", sa.String(length=80), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id", "store_code", "condition"],
            ["stock.product_id", "stock.store_code", "stock.condition"],
            name="fk_stock_movement_product_id_store_code_condition",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stock_movement"),
    )
    op.create_index("ix_stock_movement_order", "stock_movement", ["order_id"], unique=False)
    op.create_index(
        "ix_stock_movement_reference", "stock_movement", ["reference", "kind"], unique=False
    )
    op.create_index(
        "ix_stock_movement_stock",
        "stock_movement",
        ["product_id", "store_code", "condition", "id"],
        unique=False,
    )
    for number in ("arrival_number", "transfer_number", "wish_number"):
        op.execute(sa.schema.CreateSequence(sa.Sequence(number)))
    op.execute(APPEND_ONLY)
    op.execute(LEDGERS_APPEND_ONLY)
    op.execute("insert into store (code, name, active) values ('MAIN', '总仓', true)")


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
