"""What comes from a queue is read with suspicion."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields

from chassis import envelope
from chassis.envelope import DataRefused, Undecodable
from chassis.schema import Copy

GOOD: dict[str, Any] = {
    "name": "order_approved",
    "schema_version": 1,
    "message_id": "7d1c3c0e-9a5e-4f0e-8b6e-1f2a3b4c5d6e",
    "source": "orders",
    "occurred_at": "2026-01-05T08:00:00+00:00",
    "business_at": "2026-02-05T08:00:00+00:00",
    "aggregate": {"type": "order", "id": "o-1", "sequence": 3},
    "principal": {"person_id": "p-1", "name": "王芳"},
    "data": {"order_number": "D2601050001", "news": "unknown to the listener"},
}


class OrderCopy(Copy):
    order_number = fields.String(required=True)


def body(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def test_an_event_is_read_whole() -> None:
    event = envelope.parse(body())

    assert event.message_id == UUID(GOOD["message_id"])
    assert (event.source, event.name, event.schema_version) == ("orders", "order_approved", 1)
    assert (event.aggregate_type, event.aggregate_id, event.sequence) == ("order", "o-1", 3)
    assert event.principal == {"person_id": "p-1", "name": "王芳"}
    assert (event.business_at - event.occurred_at).days == 31


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"name": "nul\x00"},
        {"name": "\ud800"},
        {"name": None},
        {"schema_version": 0},
        {"schema_version": True},
        {"schema_version": 40_000},
        {"message_id": "7"},
        {"message_id": 7},
        {"source": ["orders"]},
        {"occurred_at": "2026-01-05T08:00:00"},
        {"business_at": "yesterday"},
        {"business_at": 5},
        {"aggregate": None},
        {"aggregate": "order"},
        {"aggregate": {"type": "order", "id": "o-1", "sequence": 0}},
        {"aggregate": {"type": "order", "id": "o-1", "sequence": 2**63}},
        {"aggregate": {"type": "order", "id": 1, "sequence": 1}},
    ],
    ids=str,
)
def test_an_envelope_with_one_wrong_part_is_undecodable(changes: dict[str, Any]) -> None:
    with pytest.raises(Undecodable):
        envelope.parse(body(**changes))


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_undecodable(octets: bytes) -> None:
    with pytest.raises(Undecodable):
        envelope.parse(octets)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(GOOD)), JSON)
def test_any_json_in_any_place_is_read_or_undecodable(part: str, value: Any) -> None:
    try:
        event = envelope.parse(body(**{part: value}))
    except Undecodable:
        return
    # What was read can be stored: PostgreSQL's text has neither NUL nor lone surrogates.
    assert "\x00" not in event.name + event.source + event.aggregate_id
    (event.name + event.source + event.aggregate_id).encode()


def test_data_pass_the_listeners_own_schema_which_leaves_out_what_it_does_not_know() -> None:
    event = envelope.load(envelope.parse(body()), OrderCopy(), 1)

    assert event.data == {"order_number": "D2601050001"}


@pytest.mark.parametrize("data", [{}, {"order_number": 7}, [], None, "text"], ids=str)
def test_data_that_the_schema_refuses_are_refused(data: Any) -> None:
    event = envelope.parse(body(data=data))

    with pytest.raises(DataRefused):
        envelope.load(event, OrderCopy(), 1)


def test_another_version_than_the_listeners_is_refused() -> None:
    event = envelope.parse(body(schema_version=2))

    with pytest.raises(DataRefused, match="schema version 2, this listener reads 1"):
        envelope.load(event, OrderCopy(), 1)
