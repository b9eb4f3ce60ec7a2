"""Alembic's entry: migrates the database named by GENDAN_DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

from services.shipping.storage import all_tables

url = os.environ["GENDAN_DATABASE_URL"]
engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=all_tables(),
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
