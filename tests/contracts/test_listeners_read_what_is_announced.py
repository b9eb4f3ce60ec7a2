"""Every listener's schema reads every example of the event it listens to."""

from collections import defaultdict

import pytest
from marshmallow import EXCLUDE

from chassis import envelope
from tests.contracts.declared import SERVICES, Subscription, subscriptions
from tests.contracts.examples import EVENTS, envelopes

SUBSCRIPTIONS = subscriptions()

#: Announced for later listeners, reports and people; nobody reacts to them yet.
HEARD_BY_NOBODY = {
    "orders.anomaly_raised",
    "customers.credit_note_made",
    "customers.credit_stop_changed",
    "customers.invoice_made",
    "customers.notice_made",
    "customers.payment_claimed",
    "customers.payment_rejected",
    "customers.payment_verified",
    "inventory.free_goods_stocked",
    "inventory.goods_arrived",
    "inventory.wish_met",
    "shipping.parcel_unknown",
    "aftersales.case_closed",
    "aftersales.case_opened",
}


@pytest.fixture(scope="module")
def examples() -> dict[tuple[str, str], list[bytes]]:
    found = defaultdict(list)
    for source in EVENTS:
        for body in envelopes(source):
            found[source, envelope.parse(body).name].append(body)
    return dict(found)


@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=str)
def test_a_listener_reads_what_is_announced(
    subscription: Subscription, examples: dict[tuple[str, str], list[bytes]]
) -> None:
    bodies = examples[subscription.source, subscription.event]

    for body in bodies:
        event = envelope.parse(body)
        read = envelope.load(event, subscription.schema, subscription.schema_version)
        assert set(read.data) <= set(event.data)  # what a listener reads, somebody has said
        assert read.data


@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=str)
def test_a_listener_names_what_it_reads(subscription: Subscription) -> None:
    """What an event's own schema does not name is left out, whatever the schema says of it."""
    assert subscription.schema.unknown == EXCLUDE


def test_every_event_of_every_service_has_an_example(
    examples: dict[tuple[str, str], list[bytes]],
) -> None:
    announced = {(source, event.name) for source, events in EVENTS.items() for event in events}

    assert set(examples) == announced


def test_every_event_listened_to_is_announced_by_its_source() -> None:
    announced = {
        (source, event.routing_key()) for source, events in EVENTS.items() for event in events
    }

    for subscription in SUBSCRIPTIONS:
        assert (subscription.source, subscription.event) in announced, str(subscription)


def test_what_nobody_hears_is_known() -> None:
    heard = {f"{each.source}.{each.event}" for each in SUBSCRIPTIONS}
    announced = {f"{source}.{event.name}" for source, events in EVENTS.items() for event in events}

    assert announced - heard == HEARD_BY_NOBODY


def test_the_examples_are_dumped_as_the_running_services_dump_them() -> None:
    for name, service in SERVICES.items():
        assert service.database.events is EVENTS[name]


def test_no_service_listens_to_itself() -> None:
    assert [str(each) for each in SUBSCRIPTIONS if each.source == each.listener] == []
