"""Chinese sentences say our own words in Chinese and leave what people wrote."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import services
from chassis.chinese import WORDS, in_chinese
from chassis.errors import Conflict
from chassis.lifecycle import IllegalMove, Lifecycle
from chassis.rpc.wire import ServiceUnavailable
from gateway.permissions import ROLES


def _lifecycles() -> Iterator[Lifecycle[Any]]:
    for service in pkgutil.iter_modules(services.__path__):
        package = importlib.import_module(f"services.{service.name}.domain")
        for module in pkgutil.iter_modules(package.__path__):
            found = importlib.import_module(f"{package.__name__}.{module.name}")
            yield from (each for each in vars(found).values() if isinstance(each, Lifecycle))


def test_every_state_thing_and_role_has_its_chinese_word() -> None:
    said = {str(role) for role in ROLES}
    for lifecycle in _lifecycles():
        said |= {lifecycle.entity, *map(str, lifecycle.moves)}

    assert len(said) > 60
    assert said - WORDS.keys() == set()


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("in_review", "评审中"),
        ("approved, draft", "已批准、草稿"),
        (["clerk", "director"], "开单员、营销总监"),
        ("2026-11-23T23:30:00+00:00", "2026-11-24 07:30"),
        ("杭州, draft", "杭州, draft"),
        ("PAPER-70", "PAPER-70"),
        (3, 3),
        (None, None),
    ],
)
def test_a_fact_is_said_in_chinese(fact: object, said: object) -> None:
    assert in_chinese(fact) == said


def test_an_illegal_move_is_told_in_chinese() -> None:
    refused = IllegalMove(entity="order", state="closed", wish="draft", allowed="fulfilled")

    assert refused.message_zh == "订单 不能从 已结案 变为 草稿；当前可到：已交付。"
    assert refused.details["state"] == "closed"


@pytest.mark.parametrize("reason", ["connection lost", "no such service runs"])
def test_why_a_service_is_not_reached_is_told_in_chinese(reason: str) -> None:
    assert reason not in ServiceUnavailable(service="orders", reason=reason).message_zh


def test_a_reason_in_chinese_is_taken_where_there_is_one() -> None:
    class Refused(Conflict):
        en = "No: {why}, {else}."
        zh = "不行：{why}，{else}。"

    assert Refused(why="late", why_zh="太晚").message_zh == "不行：太晚，?。"
    assert Refused(why="late").message == "No: late, ?."


def test_a_name_that_is_also_a_word_of_ours_stands_as_it_was_given() -> None:
    class Taken(Conflict):
        zh = "账号 {username} 已存在，角色 {role}。"

    assert Taken(username="clerk", role="clerk").message_zh == "账号 clerk 已存在，角色 开单员。"
