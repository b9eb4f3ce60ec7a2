"""Where an instance keeps its files, and which system user its engines run as."""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.problems import Problem

CHECKOUT = Path(__file__).resolve().parents[2]
ROOT_DATA = Path("/var/lib/gendan")
ENGINE_USER = "gendan"
NEEDED_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Account:
    """The unprivileged system user that owns the engines' data when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Places:
    """The folders of one instance; two instances share none of them.

    `home` holds settings, pid files and logs and belongs to whoever called us;
    `data` holds the engines' files and belongs to `account` when there is one.
    """

    name: str
    home: Path
    data: Path
    account: Account | None

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def migrations_log(self) -> Path:
        return self.logs / "migrations.log"

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def attachments(self) -> Path:
        return self.home / "attachments"

    @property
    def clock_file(self) -> Path:
        return self.home / "clock"

    @property
    def backups(self) -> Path:
        """Where dumps lie, and what else shall outlive the data."""
        return self.home / "backups"

    @property
    def emptying(self) -> Path:
        """The mark of a deletion that has begun and not ended."""
        return self.home / "emptying"

    def make(self) -> None:
        """Create what is missing, private to its owner; raise `Problem` if it is not ours."""
        try:
            for folder in (self.home, self.logs, self.run):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(self.data, self.account)
            next(self.home.iterdir(), None)
        except PermissionError as error:
            raise Problem(
                f"{error.filename} belongs to another user: run ./gendan as the user who ran it "
                "first, or use a checkout of your own."
            ) from error

    def check_space(self) -> None:
        """Raise `Problem` where the disk has too little room for starting anything."""
        free = shutil.disk_usage(self.data).free
        if free < NEEDED_BYTES:
            raise Problem(
                f"Only {free // 1_000_000} MB are free on the disk of {self.data}; "
                f"free at least {NEEDED_BYTES // 1_000_000} MB and run it again."
            )

    def empty(self) -> None:
        """Delete everything of this instance but its backups and the lock its launcher may hold.

        The settings go first: without its data an instance would begin anew under them, and say
        nothing.
        """
        self.emptying.touch()
        for entry in self.home.iterdir():
            if entry in (self.backups, self.emptying):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != "lock" and not entry.name.endswith(".pid"):
                entry.unlink()
        shutil.rmtree(self.data, ignore_errors=True)
        self.emptying.unlink()

    def check_is_safe(self, backup: Path) -> None:
        """Raise `Problem` for a backup's folder that would be deleted with the data."""
        folder, lasting = backup.resolve(), self.backups.resolve()
        if folder != lasting and folder.is_relative_to(lasting):
            return
        for doomed in (self.home, self.data):
            if folder.is_relative_to(doomed.resolve()):
                raise Problem(
                    f"{backup} lies with the data and would be deleted with them: take a folder "
                    f"elsewhere, or one in {self.backups}."
                )

    def remove(self) -> None:
        """Delete everything of this instance."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)


def places_for(name: str, checkout: Path = CHECKOUT) -> Places:
    """Return the folders of the instance `name` of this checkout, making the shared parents.

    As root the data lie outside the checkout, because PostgreSQL's user may be
    unable to pass its parents (a checkout under /root has 0700 above it) and no
    foreign folder's permissions are ours to change. For the same reasons the checkout is root's
    or a user's once its data are: raises Problem for the other.
    """
    var = checkout / "var"
    link = var / "data"
    try:
        var.mkdir(mode=0o755, exist_ok=True)
        _check_keeper(link)
        if os.geteuid() != 0:
            link.mkdir(mode=0o700, exist_ok=True)
    except PermissionError as error:
        raise Problem(
            f"{error.filename} is not yours to write: run ./gendan in a clone of your own."
        ) from None
    if os.geteuid() != 0:
        return Places(name, var / name, link / name, None)
    account = engine_account()
    shared = ROOT_DATA / checkout_hash(checkout)
    ROOT_DATA.mkdir(mode=0o755, parents=True, exist_ok=True)
    shared.mkdir(mode=0o755, exist_ok=True)
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(shared)
    return Places(name, var / name, shared / name, account)


def _check_keeper(data: Path) -> None:
    """Raise Problem where the data are another's: root's lie behind a link, a user's do not."""
    if os.geteuid() == 0:
        keeper = data.owner() if data.is_dir() and not data.is_symlink() else "root"
        is_ours = keeper == "root"
    else:
        keeper, is_ours = "root", not data.is_symlink()
    if not is_ours:
        raise Problem(
            f"The data of this checkout are kept by {keeper}: run ./gendan as {keeper}, "
            "or in a clone of your own."
        )


def checkout_hash(checkout: Path) -> str:
    """Return a short name for a checkout, so that two checkouts never share data."""
    return hashlib.sha256(str(checkout).encode()).hexdigest()[:12]


def engine_account() -> Account:
    """Return the system user for engines, creating it when missing; needs root."""
    try:
        entry = pwd.getpwnam(ENGINE_USER)
    except KeyError:
        created = subprocess.run(
            [
                *("/usr/sbin/useradd", "--system", "--user-group", "--no-create-home"),
                *("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", ENGINE_USER),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            entry = pwd.getpwnam(ENGINE_USER)
        except KeyError:
            raise Problem(
                f"The system user {ENGINE_USER} could not be made ({created.stderr.strip()}); "
                f"make it with `useradd --system {ENGINE_USER}` and run it again."
            ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def make_private(folder: Path, account: Account | None) -> None:
    """Create a folder with mode 0700 that belongs to `account`, if one is given."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(folder, account.uid, account.gid)


def write_private(path: Path, text: str, account: Account | None = None) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        if account:
            os.fchown(file.fileno(), account.uid, account.gid)
    draft.replace(path)
