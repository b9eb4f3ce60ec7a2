"""Alembic's entry: migrates the database named by GENDAN_DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

from gateway.storage import Base

url = os.environ["GENDAN_DATABASE_URL"]
engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
