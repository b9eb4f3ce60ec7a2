"""The yardstick of submits: an order, three lines and an outbox row, inserted by psycopg2 alone.

A program of its own, `python -m tests.bench.sql URL SECONDS`: 8 connections, each insert of them
one transaction, PostgreSQL as durable as for the services. Prints orders per second.
"""

import json
import sys
import threading
import time
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg2
from psycopg2.extras import register_uuid

CONNECTIONS = 8
TABLES = """
create table if not exists bare_order (
    id uuid primary key, number text not null unique, customer_id uuid not null,
    customer_name text not null, total numeric(16, 2) not null, created_at timestamptz not null);
create table if not exists bare_line (
    id uuid primary key, order_id uuid not null references bare_order, line_no int not null,
    product_id uuid not null, product_name text not null, quantity numeric(16, 3) not null,
    unit_price numeric(16, 6) not null, amount numeric(16, 2) not null,
    unique (order_id, line_no));
create table if not exists bare_outbox (
    id bigint generated always as identity primary key, message_id uuid not null,
    name text not null, body text not null, created_at timestamptz not null);
truncate bare_order, bare_line, bare_outbox;
"""
_ORDER = "insert into bare_order values (%s, %s, %s, %s, %s, now())"
_LINES = "insert into bare_line values " + ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s)"] * 3)
_OUTBOX = "insert into bare_outbox (message_id, name, body, created_at) values (%s, %s, %s, now())"
_BODY = json.dumps({"order": {"lines": [{"product": "热敏收银纸", "quantity": "2.000"}] * 3}})


def insert_orders(url: str, seconds: float) -> float:
    """Insert for so long on all connections; give orders per second."""
    register_uuid()  # type: ignore[no-untyped-call]  # psycopg2 ships no types of its extras
    with closing(psycopg2.connect(url)) as database, database, database.cursor() as cursor:
        cursor.execute(TABLES)
    counts = [0] * CONNECTIONS
    ready, end = threading.Barrier(CONNECTIONS + 1), threading.Event()

    def work(number: int) -> None:
        with closing(psycopg2.connect(url)) as database:
            _insert(database)  # plans and pages are there before the clock runs
            ready.wait()
            while not end.is_set():
                _insert(database)
                counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    end.wait(seconds)
    end.set()
    done, took = sum(counts), time.perf_counter() - began
    for thread in threads:
        thread.join()
    return done / took


def _insert(database: Any) -> None:
    order_id = uuid4()
    with database, database.cursor() as cursor:
        cursor.execute(
            _ORDER, (order_id, f"D-{order_id}", uuid4(), "杭州西湖纸品有限公司", "60.00")
        )
        lines: list[Any] = []
        for line_no in (1, 2, 3):
            lines += [uuid4(), order_id, line_no, uuid4(), "热敏收银纸", "2", "10.00", "20.00"]
        cursor.execute(_LINES, lines)
        cursor.execute(_OUTBOX, (uuid4(), "order_submitted", _BODY))


if __name__ == "__main__":
    sys.stdout.write(f"{insert_orders(sys.argv[1], float(sys.argv[2]))}\n")
