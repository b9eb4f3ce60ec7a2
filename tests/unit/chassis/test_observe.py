"""What a log may not say, and what it must."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from chassis.observe import MASK, HubProbe, masked, set_up_logging


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"password": "x", "name": "王芳"}, {"password": MASK, "name": "王芳"}),
        ({"new_password": "x", "token_hash": "y"}, {"new_password": MASK, "token_hash": MASK}),
        ({"a": [{"Authorization": "Bearer abc"}]}, {"a": [{"Authorization": MASK}]}),
        ({"phone": "13800001111", "phone_tail": "1111"}, {"phone": MASK, "phone_tail": "1111"}),
        ("amqp://orders:s3cret@127.0.0.1:5672/x", f"amqp://orders:{MASK}@127.0.0.1:5672/x"),
        ("sent Bearer abcdefghijk to it", f"sent Bearer {MASK} to it"),
        ("postgresql+psycopg2://o:p%40ss@h/d", f"postgresql+psycopg2://o:{MASK}@h/d"),
        (3, 3),
        (None, None),
    ],
)
def test_secrets_are_masked_by_name_and_by_shape(value: Any, expected: Any) -> None:
    assert masked(value) == expected


def test_a_structure_without_end_is_cut() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless

    assert "…" in str(masked(endless))


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("amqp", "kombu", "nameko")}
    yield
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


@pytest.mark.usefixtures("logging_as_before")
def test_entries_of_libraries_and_our_own_are_one_json_line_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logging("orders", level="INFO", form="json")

    logging.getLogger("some.library").warning("at %s", "amqp://a:b@c/d")
    structlog.get_logger("chassis.test").info("order_placed", order_number="D1", password="x")
    logging.getLogger("chassis.test").debug("not shown")

    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["logger"], first["process"]) == (
        f"at amqp://a:{MASK}@c/d", "warning", "some.library", "orders",
    )  # fmt: skip
    assert (second["event"], second["order_number"], second["password"]) == (
        "order_placed", "D1", MASK,
    )  # fmt: skip


@pytest.mark.usefixtures("logging_as_before")
def test_a_traceback_shows_no_password_of_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("orders")
    try:
        raise ValueError("cannot reach amqp://a:secret@c/d")
    except ValueError:
        logging.getLogger("x").exception("failed")

    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError" in json.loads(line)["exception"]
    assert "secret" not in line


def test_the_probe_says_when_the_hub_was_late(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter([0.0, 0.0, 4.0, 4.0, 4.5])
    naps = iter([None, None])
    monkeypatch.setattr("chassis.observe.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("chassis.observe.time.sleep", lambda _: next(naps))
    probe = HubProbe(every=0.5)

    with pytest.raises(StopIteration):
        probe.run()

    assert [record.getMessage() for record in caplog.records] == [
        "the hub was blocked for 3.5 seconds"
    ]
    assert probe.last_ran == 4.5
