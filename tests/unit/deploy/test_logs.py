"""Logs are shown by part, from their ends, and followed line by line."""

from pathlib import Path

import pytest

from deploy.local.logs import Following, chosen, tail
from deploy.local.problems import Problem


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for name in ("orders.1", "orders.2", "gateway"):
        (tmp_path / f"{name}.log").write_text("one\ntwo\n")
    return tmp_path


def test_a_service_names_all_of_its_replicas(logs: Path) -> None:
    assert [path.stem for path in chosen(logs, "orders")] == ["orders.1", "orders.2"]
    assert [path.stem for path in chosen(logs, "orders.2")] == ["orders.2"]
    assert len(chosen(logs, None)) == 3


def test_an_unknown_part_is_refused_with_the_known_ones(logs: Path) -> None:
    with pytest.raises(Problem, match="there are: gateway, orders"):
        chosen(logs, "orderz")


def test_only_the_last_lines_of_a_long_log_are_read(tmp_path: Path) -> None:
    path = tmp_path / "relay.log"
    path.write_text("".join(f"line {number}\n" for number in range(20_000)))

    assert tail(path, 2) == ["line 19998", "line 19999"]


def test_lines_are_followed_when_they_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "relay.log"
    path.write_text("old\n")
    following = Following([path])
    with path.open("a") as log:
        log.write("first\nhal")

    assert list(following.fresh()) == [(path, "first")]
    with path.open("a") as log:
        log.write("f\n")
    assert list(following.fresh()) == [(path, "half")]


def test_a_log_that_was_made_anew_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "relay.log"
    path.write_text("a long line of before\n")
    following = Following([path])
    path.write_text("new\n")

    assert list(following.fresh()) == [(path, "new")]
