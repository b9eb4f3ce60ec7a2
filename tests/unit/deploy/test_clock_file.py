"""Business time goes forward only, and its file is never half written."""

from datetime import timedelta
from pathlib import Path

import pytest

from chassis import clock
from deploy.local.clock_file import advance, offset_seconds, seconds_in
from deploy.local.problems import Problem


def test_each_move_adds_to_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "clock"

    advance(path, seconds_in("+2"))
    advance(path, seconds_in("0.5"))

    assert offset_seconds(path) == 2.5 * 86_400
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_written_is_what_services_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clock"
    monkeypatch.setenv("GENDAN_CLOCK_FILE", str(path))

    advance(path, seconds_in("+3"))

    ahead = clock.business_now() - clock.machine_now()
    assert abs(ahead - timedelta(days=3)) < timedelta(seconds=1)


@pytest.mark.parametrize("days", ["-1", "0", "4000", "nan", "inf"])
def test_time_never_goes_back_nor_out_of_sight(tmp_path: Path, days: str) -> None:
    with pytest.raises(Problem, match="only goes forward"):
        advance(tmp_path / "clock", seconds_in(days))

    assert not (tmp_path / "clock").exists()


def test_words_are_no_number_of_days() -> None:
    with pytest.raises(Problem, match="no number of days"):
        seconds_in("tomorrow")
