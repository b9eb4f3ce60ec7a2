"""What apt's output is told as, and how an installation that is broken off ends."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import packages
from deploy.local.packages import apt_reason
from deploy.local.up import Interrupted

# Says more than a pipe holds, so that it is being heard, then interrupts who started it: again and
# again, for Python overlooks a signal that comes between two reads until the end of all.
LONG_ONE = """
trap 'touch "$1/tidy"' EXIT
trap 'exit 1' TERM
mkfifo "$1/never"
printf '%200000s'
while kill -USR1 "$PPID"; do read -r -t 0.05 _ <>"$1/never"; done
"""


def test_a_full_disk_is_named() -> None:
    output = "Unpacking...\nE: You don't have enough free space in /var/cache/apt/archives/.\n"

    assert "disk is full" in apt_reason(
        output.replace("don't have enough free space", "have not enough free space")
    )


def test_the_last_error_line_is_the_reason() -> None:
    output = "Reading lists\nE: first\nE: Unable to locate package rabbitmq-server\nbye\n"

    assert apt_reason(output) == "E: Unable to locate package rabbitmq-server"


def test_silence_is_told_as_silence() -> None:
    assert apt_reason("\n") == "no output"


@pytest.fixture
def interrupting() -> Iterator[None]:
    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_an_installation_that_is_broken_off_tidies_up_first(
    tmp_path: Path, interrupting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "INSTALL_SCRIPT", LONG_ONE)
    monkeypatch.setattr(packages, "root_prefix", lambda _by_hand: [])
    monkeypatch.setattr("shutil.which", lambda program: program)

    with pytest.raises(Interrupted):
        packages.install([str(tmp_path)])

    assert (tmp_path / "tidy").exists()
