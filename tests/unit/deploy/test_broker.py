"""What each part may do at the broker, and how RabbitMQ is told of it."""

import re

import pytest

from deploy.local.broker import Permission, address_in, password_hash
from deploy.local.databases import SERVICES
from deploy.local.parts import BUS_USERS, permission_of


def allows(pattern: str, name: str) -> bool:
    """Match as RabbitMQ does: anywhere in the name, which is why ours are anchored."""
    return re.search(pattern, name) is not None


def test_a_password_is_hashed_as_rabbitmq_documents_it() -> None:
    # The example of https://www.rabbitmq.com/docs/passwords ("computing-password-hash").
    salt = bytes.fromhex("908DC60A")

    assert password_hash("test12", salt) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_an_address_quotes_what_would_end_its_parts() -> None:
    address = address_in(
        "amqp://admin:secret@127.0.0.1:5671//", vhost="a/b", user="u", password="p@:/"
    )

    assert address == "amqp://u:p%40%3A%2F@127.0.0.1:5671/a%2Fb"


@pytest.mark.parametrize("user", BUS_USERS)
def test_nobody_may_write_to_the_default_exchange(user: str) -> None:
    # RabbitMQ checks the right to publish there against this name.
    allowed = permission_of(user)

    assert not allows(allowed.write, "amq.default")
    assert not allows(allowed.write, "")


@pytest.mark.parametrize("user", SERVICES)
def test_a_service_reads_and_writes_no_other_services_queues(user: str) -> None:
    allowed = permission_of(user)

    for other in set(SERVICES) - {user}:
        for queue in (f"rpc-{other}", f"events-{user}--{other}", f"{other}.parking"):
            assert not allows(allowed.configure, queue)
            assert not allows(allowed.write, queue)
            assert not allows(allowed.read, queue)


@pytest.mark.parametrize("user", SERVICES)
def test_a_service_cannot_publish_events_past_its_outbox(user: str) -> None:
    allowed: Permission = permission_of(user)

    for source in SERVICES:
        assert not allows(allowed.write, f"{source}.events")
