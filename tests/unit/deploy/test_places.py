"""Where an instance keeps its data, and who may use a checkout."""

import os
import pwd
from pathlib import Path

import pytest

from deploy.local import places
from deploy.local.places import places_for
from deploy.local.problems import Problem


def test_a_checkout_whose_data_are_anothers_is_refused(tmp_path: Path) -> None:
    """Root would find other, empty data there, and take the files of the user who is at home."""
    data = tmp_path / "var" / "data"
    data.parent.mkdir()
    if os.geteuid() == 0:
        data.mkdir()
        other = pwd.getpwnam("nobody")
        os.chown(data, other.pw_uid, other.pw_gid)
    else:
        data.symlink_to(tmp_path)

    with pytest.raises(Problem, match=r"kept by (nobody|root): run ./gendan as (nobody|root)"):
        places_for("main", tmp_path)

    assert not (tmp_path / "var" / "main").exists()


def test_whoever_begins_keeps_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "ROOT_DATA", tmp_path / "elsewhere")
    first = places_for("main", tmp_path)

    assert places_for("main", tmp_path) == first
