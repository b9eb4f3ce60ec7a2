"""Messages and conversations: everything sent had its effect, nothing is half done."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from chassis.events import routing_key
from chassis.topology import EVERY_EVENT
from deploy.audit.difference import Difference, Kind, Mend, Repair, Row

# Events that wait longer than this are not on their way but stuck.
PATIENCE_SECONDS = 10.0


def wanted(page: Sequence[Row], routing_keys: Collection[str]) -> list[Row]:
    """Give those of the sent messages that a service which listens to the keys must have."""
    return [
        sent
        for sent in page
        if EVERY_EVENT in routing_keys or routing_key(sent["name"], sent["version"]) in routing_keys
    ]


def missing(
    source: str, listener: str, sent: Sequence[Row], ids: Collection[str]
) -> Iterator[Difference]:
    """Name each message that a listener says it lacks.

    That none had its effect twice is what the inbox's primary key promises.
    """
    for row in sent:
        if row["message_id"] in ids:
            yield Difference(
                Kind.MISSING_MESSAGE,
                listener,
                f"{source}.{row['name']} {row['message_id']} of {row['aggregate_type']} "
                f"{row['aggregate_id']}",
                "handled",
                "never arrived",
                row["order_number"],
                Repair(Mend.SEND, source, row["message_id"]),
            )


def half_done(service: str, row: Row) -> Iterator[Difference]:
    """Name a conversation that is over its deadline."""
    yield Difference(
        Kind.HALF_DONE,
        service,
        f"{row['kind']} {row['key']}, begun {row['created_at']}",
        f"ended by {row['deadline']}",
        # Not how often it was tried: a try between two looks makes it no other difference.
        str(row["state"]),
        row["order_number"],
        Repair(Mend.TAKE_UP, service, str(row["key"])),
    )


def failed(service: str, row: Row) -> Iterator[Difference]:
    """Name a message that waits to be tried again or is parked."""
    yield Difference(
        Kind.PARKED if row["state"] == "parked" else Kind.WAITING,
        service,
        f"{service}:{row['key']} {row['source']}.{row['name']} for {row['listener']}",
        "handled",
        f"{row['state']}: {row['error']}",
        row["order_number"],
    )


def unsent(service: str, row: Row) -> Iterator[Difference]:
    """Name an outbox that does not drain."""
    oldest = float(row["oldest_unsent_seconds"] or 0)
    if row["unsent"] and oldest > PATIENCE_SECONDS:
        yield Difference(
            Kind.UNSENT,
            service,
            "outbox",
            f"sent within {PATIENCE_SECONDS:g} s",
            f"{row['unsent']} unsent, the oldest for {oldest:.0f} s",
        )


def is_quiet(traffic: Mapping[str, Row]) -> bool:
    """Whether nothing waits in any outbox or for another try."""
    return not any(row["unsent"] or row["waiting"] for row in traffic.values())
