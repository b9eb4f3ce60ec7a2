"""How the moves of a thing are listed."""

from chassis.actions import action, refusal_of
from chassis.errors import Conflict, StaleVersion, guard_version


def test_the_first_guard_that_does_not_hold_is_the_refusal() -> None:
    first = StaleVersion(entity="order D1", version=3)

    def refuse(error: Exception) -> None:
        raise error

    guards = [lambda: None, lambda: refuse(first), lambda: refuse(Conflict())]

    assert refusal_of(*guards) is first
    assert refusal_of(guards[0]) is None


def test_a_move_that_is_not_allowed_says_why_in_both_languages() -> None:
    refused = action("cancel", who=("clerk",), refusal=StaleVersion(entity="单 D1", version=3))

    assert refused == {
        "verb": "cancel",
        "allowed": False,
        "who": ["clerk"],
        "why_not": {
            "code": "stale_version",
            "message": "单 D1 was changed by somebody else (now version 3); read it again.",
            "message_zh": "单 D1 已被他人修改（现版本 3），请重新读取。",
        },
        "checked_when_done": False,
    }


def test_a_move_that_is_allowed_gives_no_reason() -> None:
    allowed = action("close", who=("finance",), refusal=None, title_zh="结案")

    assert allowed["allowed"]
    assert allowed["why_not"] is None
    assert allowed["title_zh"] == "结案"


def test_who_does_not_say_which_version_he_read_is_let_through() -> None:
    guard_version("order D1", 3, None)
    guard_version("order D1", 3, 3)
    refusal = refusal_of(lambda: guard_version("order D1", 3, 2))

    assert isinstance(refusal, StaleVersion)
    assert refusal.details == {"entity": "order D1", "version": 3}
