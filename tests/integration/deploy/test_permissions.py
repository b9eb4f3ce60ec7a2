"""What a part's own user can do at a real broker and a real server, and what it cannot."""

from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import amqp
import psycopg2
import pytest

from deploy.local.databases import SERVICES
from deploy.local.engines import Engines
from deploy.local.installation import Installation
from tests.system import clone_databases
from tests.templates import PASSWORD, Templates

Act = Callable[[amqp.Channel], object]


@pytest.fixture(scope="module")
def installation(
    engines: Engines, templates: Templates, session_tag: str
) -> Iterator[Installation]:
    """Databases and users as `up` makes them, and the queues that customers would make."""
    installation = Installation(engines, lambda _part: PASSWORD, f"{session_tag}_rights")
    clone_databases(installation, templates)
    installation.prepare_broker()
    for service in ("customers", "orders"):
        with connected(installation, service) as connection:
            channel = connection.channel()
            channel.exchange_declare("nameko-rpc", "topic", durable=True, auto_delete=False)
            channel.exchange_declare(f"{service}.events", "topic", durable=True, auto_delete=False)
            channel.queue_declare(f"rpc-{service}", durable=True, auto_delete=False)
            channel.queue_bind(f"rpc-{service}", "nameko-rpc", f"{service}.*")
    yield installation
    installation.remove()


def connected(installation: Installation, user: str) -> amqp.Connection:
    parts = urlsplit(installation.bus_urls()[user])
    connection = amqp.Connection(
        f"{parts.hostname}:{parts.port}",
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        virtual_host=unquote(parts.path[1:]),
        confirm_publish=True,
    )
    connection.connect()
    return connection


def declare_reply_queue(channel: amqp.Channel) -> None:
    channel.queue_declare("rpc.reply-orders-1", exclusive=True)
    channel.queue_bind("rpc.reply-orders-1", "nameko-rpc", "rpc.reply-orders-1")


def bind_as_nameko_does(channel: amqp.Channel) -> None:
    channel.queue_declare("rpc.reply-standalone_rpc_proxy-1", exclusive=True)
    channel.queue_bind("rpc.reply-standalone_rpc_proxy-1", "nameko-rpc", str(uuid4()))


def listen_in(channel: amqp.Channel) -> None:
    channel.queue_declare("rpc.reply-orders-2", exclusive=True)
    channel.queue_bind("rpc.reply-orders-2", "nameko-rpc", "customers.*")


def publish(exchange: str, routing_key: str) -> Act:
    return lambda channel: channel.basic_publish(
        amqp.Message("{}"), exchange=exchange, routing_key=routing_key
    )


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(publish("nameko-rpc", "customers.get_terms"), id="ask customers"),
        pytest.param(declare_reply_queue, id="have a queue for answers"),
        pytest.param(bind_as_nameko_does, id="have one as nameko's own clients do"),
        pytest.param(publish("nameko-rpc", str(uuid4())), id="answer nameko's own clients"),
        pytest.param(lambda channel: channel.basic_get("rpc-orders"), id="read its requests"),
    ],
)
def test_orders_may_do_its_work(installation: Installation, act: Act) -> None:
    with connected(installation, "orders") as connection:
        act(connection.channel())


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda channel: channel.basic_get("rpc-customers"), id="read its requests"),
        pytest.param(lambda channel: channel.queue_purge("rpc-customers"), id="empty its queue"),
        pytest.param(lambda channel: channel.queue_delete("rpc-customers"), id="delete its queue"),
        pytest.param(publish("", "rpc-customers"), id="write to its queue directly"),
        pytest.param(publish("customers.events", "customer_changed"), id="speak in its name"),
        pytest.param(publish("orders.events", "order_placed"), id="announce past the outbox"),
        pytest.param(publish("nameko-rpc", "aftersales.list_cases"), id="call where no arrow is"),
        pytest.param(listen_in, id="listen in on its requests"),
    ],
)
def test_orders_may_not_touch_what_is_customers(installation: Installation, act: Act) -> None:
    connection = connected(installation, "orders")

    with pytest.raises(amqp.AccessRefused):
        act(connection.channel())

    connection.collect()


def test_orders_cannot_enter_customers_database(installation: Installation) -> None:
    own = installation.database_urls()["orders"]
    theirs = own.replace(installation.name_of("orders"), installation.name_of("customers"))
    theirs = theirs.replace(installation.name_of("customers"), installation.name_of("orders"), 1)

    psycopg2.connect(own).close()
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(theirs)


def test_the_audit_may_ask_every_service_for_its_books(installation: Installation) -> None:
    with connected(installation, "audit") as connection:
        channel = connection.channel()
        for service in SERVICES:
            publish("nameko-rpc", f"{service}.audit_books")(channel)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(publish("nameko-rpc", "customers.reserve_credit"), id="command the business"),
        pytest.param(publish("nameko-rpc", "orders.search_orders"), id="ask what is no book"),
        pytest.param(publish("orders.resend", "customers"), id="send events itself"),
        pytest.param(lambda channel: channel.basic_get("rpc-customers"), id="read requests"),
        pytest.param(listen_in, id="listen in on requests"),
    ],
)
def test_the_audit_may_do_nothing_else(installation: Installation, act: Act) -> None:
    connection = connected(installation, "audit")

    with pytest.raises(amqp.AccessRefused):
        act(connection.channel())

    connection.collect()
