"""Alembic's entry: migrates the database named by GENDAN_DATABASE_URL."""

import importlib
import os
import pkgutil

from alembic import context
from sqlalchemy import create_engine, pool

from services.aftersales import domain
from services.aftersales.storage import platform

# Importing a module of the domain puts its tables into the metadata.
for module in pkgutil.iter_modules(domain.__path__):
    importlib.import_module(f"{domain.__name__}.{module.name}")
metadata = platform.outbox.metadata

url = os.environ["GENDAN_DATABASE_URL"]
engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
