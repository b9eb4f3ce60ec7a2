"""The audit on a whole running system: each planted difference by name.

The differences are written straight into the databases, as no command of the system would.
"""

from collections.abc import Callable
from contextlib import closing
from uuid import UUID, uuid4

import psycopg2
import pytest

from deploy.audit.audit import Audit, Report
from deploy.audit.difference import Kind
from deploy.audit.reader import BooksByRpc
from deploy.demo import stops
from deploy.demo.people import Company
from deploy.demo.world import World
from tests.system import System

Sql = Callable[..., None]


@pytest.fixture
def write(system: System) -> Sql:
    """Run a statement in a service's database: `write("orders", "update …", argument)`."""

    def run(service: str, statement: str, *arguments: object) -> None:
        url = system.database_url(service)
        with closing(psycopg2.connect(url)) as database, database, database.cursor() as cursor:
            cursor.execute(statement, arguments)
            assert cursor.rowcount == 1, statement

    return run


def found(report: Report, number: str | None) -> set[tuple[Kind, str]]:
    """Give the kinds and places of an order's differences."""
    return {(each.kind, each.where) for each in report.differences if each.order_number == number}


def test_planted_differences_are_named_with_their_orders(
    company: Company, audit: Audit, write: Sql
) -> None:
    made = stops.Making(World.new(company)).confirmed()
    order_id = made.order["id"]
    assert audit.run().differences == []

    plants = {
        (Kind.CREDIT_HELD, "customers"): (
            "customers", "order_credit", "reservation = reservation - 10", "id"),
        (Kind.MATERIAL_HELD, "inventory"): (
            "inventory", "material_claim", "held = held - 1", "order_id"),
        (Kind.SHIPMENT, "orders"): (
            "orders", "order_line", "shipped_quantity = 1", "order_id"),
        (Kind.COPY, "shipping"): (
            "shipping", "order_copy", "stage = 'approved'", "order_id"),
        (Kind.BLOCK, "shipping"): (
            "shipping", "order_lock", "blocked = 'hold'", "order_id"),
    }  # fmt: skip
    write("shipping", "insert into order_lock (order_id) values (%s)", order_id)
    for service, table, change, key in plants.values():
        write(service, f"update {table} set {change} where {key} = %s", order_id)

    report = audit.run()

    # The balance that the credit and the claim are part of is named too, without an order.
    assert found(report, made.number) == {*plants, (Kind.CREDIT_LEDGER, "customers")}
    assert found(report, None) == {
        (Kind.EXPOSURE, "customers"),
        (Kind.MATERIAL_RESERVED, "inventory"),
    }
    for service, table, change, key in plants.values():
        undone = {
            "reservation = reservation - 10": "reservation = reservation + 10",
            "held = held - 1": "held = held + 1",
            "shipped_quantity = 1": "shipped_quantity = 0",
            "stage = 'approved'": "stage = 'confirmed'",
            "blocked = 'hold'": "blocked = null",
        }[change]
        write(service, f"update {table} set {undone} where {key} = %s", order_id)
    assert audit.run().differences == []


def test_repair_frees_what_a_cancelled_order_still_holds(
    company: Company, audit: Audit, write: Sql
) -> None:
    world = World.new(company)
    made = stops.Making(world).confirmed()
    company.supervisor.move(
        f"/orders/{made.number}", "cancel", reason="customer_request", note="不要了"
    )
    made.await_nothing_held()
    # The cancel has been heard by all: nothing that is still on its way repairs it.
    assert audit.run().differences == []
    order_id, centre = made.order["id"], uuid4()
    write(
        "inventory",
        "insert into work_centre (id, version, code, name, hours_per_day, quantity_per_hour,"
        " categories, active, created_at) values (%s, 1, %s, '分切机', 8, 1, '{}', false, now())",
        str(centre), f"W{centre.hex[:8].upper()}",
    )  # fmt: skip
    write(
        "inventory",
        "insert into slot (order_id, line_id, day, work_centre_id, quantity, production_due)"
        " values (%s, %s, current_date, %s, 5, current_date)",
        order_id, made.order["lines"][0]["id"], str(centre),
    )  # fmt: skip

    report = audit.run()
    assert found(report, made.number) == {(Kind.SLOT_HELD, "inventory")}
    audit.repair(report)

    assert report.done == [f"{order_id} announced again"]
    assert audit.run().differences == []


def test_repair_sends_again_what_a_listener_lacks(
    company: Company, system: System, audit: Audit, books: BooksByRpc, write: Sql
) -> None:
    made = stops.Making(World.new(company)).confirmed()
    assert audit.run().differences == []
    message_id = _last_message_of(system, made.order["id"])
    write(
        "aftersales",
        "delete from inbox where listener = 'keep_order' and message_id = %s",
        str(message_id),
    )

    # It would wait for what lacks until the relay looks, too.
    report = Audit(books, quiet_seconds=0.0, second_look_seconds=0.5).run()
    # The relay may have looked, too, and sent it again before us.
    assert found(report, made.number) <= {(Kind.MISSING_MESSAGE, "aftersales")}
    audit.repair(report)

    assert audit.run().differences == []


def _last_message_of(system: System, order_id: str) -> UUID:
    url = system.database_url("orders")
    with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
        cursor.execute(
            "select message_id from outbox where aggregate_id = %s and name = 'order_confirmed'",
            (order_id,),
        )
        ((message_id,),) = cursor.fetchall()
    return UUID(message_id)


def test_half_done_conversations_and_parked_messages_are_named(
    company: Company, audit: Audit, write: Sql
) -> None:
    number = stops.Making(World.new(company)).number
    talk = uuid4()
    write(
        "orders",
        "insert into conversation (id, kind, principal_id, key, principal, body, body_hash, notes,"
        " state, epoch, attempts, deadline, lease_until, created_at) values (%s, 'hold', 'p', %s,"
        " '{}', json_build_object('order_number', %s), '', '{}', 'running', 0, 3,"
        " now() - interval '1 hour', now() + interval '1 hour', now() - interval '2 hours')",
        str(talk), str(talk), number,
    )  # fmt: skip
    write(
        "customers",
        "insert into failed_message (listener, source, name, body, state, attempts, replays, error,"
        " first_failed_at, last_failed_at) values ('free_cancelled_order', 'orders',"
        " 'order_cancelled', %s, 'parked', 8, 0, 'no', now(), now())",
        f'{{"number":"{number}"}}'.encode(),
    )

    report = audit.run()

    assert found(report, number) == {(Kind.HALF_DONE, "orders"), (Kind.PARKED, "customers")}
    write("orders", "delete from conversation where id = %s", str(talk))
    write("customers", "delete from failed_message where listener = 'free_cancelled_order'")
