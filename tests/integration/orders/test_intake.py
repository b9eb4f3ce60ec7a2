"""How requests come in (O1): by which channel, who asked, when."""

from datetime import timedelta

import pytest

from chassis import clock
from chassis.errors import InvalidFields
from services.orders.schemas import commands
from services.orders.use_cases import drafting
from tests.integration.orders.desk import Desk
from tests.integration.orders.test_looking import MEMO

# Of SPEC §5, and FEATURES' mini-program and instant messages.
CHANNELS = ("phone", "fax", "visit", "sales", "email", "web", "app", "mini_program", "instant")


def test_these_are_all_channels() -> None:
    assert commands.CHANNELS == CHANNELS


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_request_is_written_down_with_its_channel_and_who_asked_when(
    desk: Desk, channel: str
) -> None:
    """O1: as a memo, and as an order that is written at once."""
    asked_at = clock.business_now() - timedelta(minutes=5)
    asked = {"channel": channel, "asked_by": "张经理", "asked_at": asked_at.isoformat()}
    memo = desk.do(commands.TakeMemo, drafting.take_memo, **{**MEMO, **asked})
    order = desk.new_order(submit=False, **asked)

    for taken in (memo, order):
        seen = desk.order(taken["number"])
        assert {name: seen[name] for name in asked} == asked
    assert (memo["stage"], order["stage"]) == ("memo", "draft")


def test_no_request_comes_by_another_channel(desk: Desk) -> None:
    with pytest.raises(InvalidFields) as refused:
        desk.do(commands.TakeMemo, drafting.take_memo, **{**MEMO, "channel": "pigeon"})

    assert set(refused.value.details["fields"]) == {"channel"}
    assert desk.announced() == []
