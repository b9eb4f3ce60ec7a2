"""Pid files tell a living process of ours from a later one with its pid."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import records


@pytest.fixture
def sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True
    )


def test_a_leftover_process_is_ended_and_its_record_removed(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    records.write(tmp_path, "orders.1", sleeper.pid, signal.SIGTERM)

    ended = records.end_leftovers(tmp_path)

    assert ended == ["orders.1"]
    assert sleeper.wait(5) == -signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_a_leftover_is_killed_when_its_own_time_to_end_is_over(tmp_path: Path) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True);"
    with subprocess.Popen(
        [sys.executable, "-c", f"{deaf} signal.pause()"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            records.write(tmp_path, "orders.1", process.pid, signal.SIGTERM, stop_seconds=0.1)

            assert records.end_leftovers(tmp_path) == ["orders.1"]

            assert process.wait(5) == -signal.SIGKILL
        finally:
            process.kill()


def test_a_process_that_got_a_dead_ones_pid_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "orders.1.pid").write_text(
        f'{{"pid": {os.getpid()}, "began": 1, "stop_signal": {int(signal.SIGKILL)}}}'
    )

    assert records.end_leftovers(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_zombie_counts_as_ended(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    records.write(tmp_path, "orders.1", sleeper.pid, signal.SIGTERM)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)

    assert [each.is_alive for each in records.recorded(tmp_path)] == [False]
    sleeper.wait()


def test_a_half_written_record_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "orders.1.pid").write_text('{"pid": 12')

    assert records.recorded(tmp_path) == []


def test_an_instance_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with records.holding(tmp_path):
        with pytest.raises(records.InstanceBusy), records.holding(tmp_path):
            pytest.fail("held twice")
        assert records.is_held(tmp_path)

    assert not records.is_held(tmp_path)
