"""The accounts of an instance: the first ones, and the file that lists them for trying out."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from chassis.database import Work
from deploy.local.databases import GATEWAY, for_sqlalchemy
from deploy.local.installation import Installation
from deploy.local.instance import TRYOUT, Instance
from deploy.local.operators import operator, told_plainly
from deploy.local.places import write_private
from gateway import accounts as people
from gateway import passwords, storage
from gateway.passwords import new_password

PAGE = 500

# One person per role of SPEC §2, for trying out. Devices enrol; they have no account.
TRYOUT_PEOPLE = {
    "clerk": "陈静",
    "assistant": "林晓",
    "supervisor": "王芳",
    "sales": "赵磊",
    "director": "孙建国",
    "finance": "周敏",
    "technician": "吴强",
    "planner": "郑伟",
    "inspector": "冯丽",
    "dispatcher": "蒋涛",
    "warehouse": "沈军",
    "aftersales": "韩梅",
    "admin": "管理员",
}


@dataclass(frozen=True)
class KnownAccount:
    """An account whose first password we made, as `accounts list` shows it."""

    username: str
    display_name: str
    roles: list[str]
    password: str
    one_time: bool


@contextmanager
def gateway_work(installation: Installation) -> Iterator[Work]:
    """Open a transaction on the gateway's database."""
    url = for_sqlalchemy(installation.database_urls()[GATEWAY])
    store = storage.open_store(url, pool_size=1)
    try:
        with told_plainly(), store.work(operator()) as work:
            yield work
    finally:
        store.close()


def file_of(instance: Instance) -> Path:
    return instance.places.home / "accounts.json"


def known(instance: Instance) -> list[KnownAccount]:
    """Return the accounts whose passwords were written down here."""
    path = file_of(instance)
    return [KnownAccount(**each) for each in json.loads(path.read_text())] if path.exists() else []


def listed(installation: Installation) -> Iterator[storage.Account]:
    """Yield every account there is, by its name."""
    with gateway_work(installation) as work:
        after = ""
        while page := storage.list_accounts(work.session, after=after, limit=PAGE):
            yield from page
            after = page[-1].username


def is_good(known: KnownAccount, account: storage.Account) -> bool:
    """Whether the password that was written down is still its account's."""
    return passwords.is_password(known.password, account.password_hash)


def lasting_passwords(instance: Instance) -> dict[str, str]:
    """Return the lasting passwords that were written down and still let somebody in."""
    lasting = {each.username: each for each in known(instance) if not each.one_time}
    return {
        account.username: lasting[account.username].password
        for account in (listed(instance.installation) if lasting else ())
        if account.username in lasting
        and not account.locked
        and is_good(lasting[account.username], account)
    }


def write_down(instance: Instance, account: KnownAccount) -> None:
    """Keep an account's first password in a file that only its owner reads."""
    others = [each for each in known(instance) if each.username != account.username]
    listed = [asdict(each) for each in [*others, account]]
    write_private(file_of(instance), json.dumps(listed, ensure_ascii=False, indent=1))


def make_first(instance: Instance) -> int:
    """Make the first accounts where there are none; return how many were made.

    For trying out one per role, with passwords that last; for production one administrator
    whose password is good once. The file is written before the accounts are committed: a
    password nobody knows would lock everybody out.
    """
    is_tryout = instance.plan.profile == TRYOUT
    wanted = TRYOUT_PEOPLE if is_tryout else {"admin": TRYOUT_PEOPLE["admin"]}
    return len(
        add_people(
            instance.installation,
            wanted,
            lasting=is_tryout,
            keep=lambda account: write_down(instance, account),
        )
    )


def add_people(
    installation: Installation,
    wanted: Mapping[str, str],
    *,
    lasting: bool,
    keep: Callable[[KnownAccount], None] = lambda _: None,
) -> list[KnownAccount]:
    """Open an account named after each role (role: person's name) that has none yet.

    With `lasting` passwords nobody has to change one first. `keep` is told of each account
    before any is committed.
    """
    made = []
    with gateway_work(installation) as work:
        for role, name in wanted.items():
            if storage.find_account(work.session, role):
                continue
            lasting_password = new_password() if lasting else None
            _, one_time = people.add_account(
                work, username=role, display_name=name, roles=[role], password=lasting_password
            )
            password = lasting_password or one_time or ""
            account = KnownAccount(role, name, [role], password, one_time is not None)
            keep(account)
            made.append(account)
    return made
