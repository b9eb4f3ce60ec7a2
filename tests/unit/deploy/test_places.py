"""Where an instance keeps its data, and who may use a checkout."""

import os
import pwd
from pathlib import Path

import pytest

from deploy.local import places
from deploy.local.places import Places, places_for
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


def test_emptying_leaves_backups_and_what_is_linked_from_elsewhere(tmp_path: Path) -> None:
    own = Places("main", tmp_path / "home", tmp_path / "data", None)
    own.make()
    (own.backups / "monday").mkdir(parents=True)
    (own.home / "plan.json").touch()
    (tmp_path / "elsewhere").mkdir()
    own.attachments.symlink_to(tmp_path / "elsewhere")

    own.empty()

    assert [path.name for path in own.home.iterdir()] == ["backups"]
    assert [path.name for path in own.backups.iterdir()] == ["monday"]
    assert not own.data.exists()
    assert (tmp_path / "elsewhere").is_dir()


def test_settings_go_before_the_data_and_a_deletion_that_broke_off_leaves_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Places("main", tmp_path / "home", tmp_path / "data", None)
    own.make()
    (own.home / "plan.json").touch()

    def interrupted(folder: Path, **_: bool) -> None:
        if folder == own.data:
            raise KeyboardInterrupt
        folder.rmdir()

    monkeypatch.setattr("shutil.rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        own.empty()
    monkeypatch.undo()
    assert [path.name for path in own.home.iterdir()] == [own.emptying.name]

    own.empty()
    assert not own.emptying.exists()


@pytest.mark.parametrize("folder", ["home", "home/monday", "home/backups", "data/monday", "link"])
def test_a_backup_that_would_be_deleted_with_the_data_is_refused(
    tmp_path: Path, folder: str
) -> None:
    own = Places("main", tmp_path / "home", tmp_path / "data", None)
    (tmp_path / "link").symlink_to(own.home / "monday")

    with pytest.raises(Problem, match="lies with the data"):
        own.check_is_safe(tmp_path / folder)


@pytest.mark.parametrize("folder", ["monday", "home/backups/monday", "homes"])
def test_a_backup_that_outlives_the_data_is_taken(tmp_path: Path, folder: str) -> None:
    own = Places("main", tmp_path / "home", tmp_path / "data", None)

    own.check_is_safe(tmp_path / folder)
