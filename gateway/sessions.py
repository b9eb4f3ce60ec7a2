"""Signing in and out, and one's own password."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chassis import clock
from chassis.database import Store, Work
from chassis.errors import GendanError, Invalid
from chassis.principal import SYSTEM, Principal
from gateway import passwords, revocations, storage
from gateway.accounts import name_subject, place_subject, session_subject
from gateway.storage import Account, FailedSignIns, SignIn

# Sessions that are over, answers kept for keys, and counts of failures are kept so long.
_KEPT = timedelta(days=14)
# No account has this id.
_NOBODY = UUID(int=0)


class SignInRefused(GendanError):
    """Name or password are wrong, or the account is locked: which of them is not said."""

    family = "Unauthenticated"
    code = "sign_in_refused"
    en = "The name or password is wrong, or the account is locked."
    zh = "账号或密码错误，或账号已被锁定。"


class TooManyAttempts(GendanError):
    """Signing in failed too often, for this name or from this address."""

    family = "Unauthenticated"
    code = "too_many_attempts"
    en = "Too many failed attempts: wait {seconds} seconds."
    zh = "尝试次数过多，请等待 {seconds} 秒。"


class PasswordWrong(Invalid):
    """The present password was not given."""

    code = "password_wrong"
    en = "The present password is wrong."
    zh = "当前密码不正确。"


class PasswordUnchanged(Invalid):
    """The new password is the old one."""

    code = "password_unchanged"
    en = "The new password must differ from the present one."
    zh = "新密码不能与当前密码相同。"


@dataclass(frozen=True)
class SignedIn:
    """A new session; its token is known to nobody else from now on."""

    token: str
    ends_at: datetime
    idle_minutes: int
    account: Account
    must_change_password: bool


def sign_in(
    store: Store, *, username: str, password: str, address: str, user_agent: str
) -> SignedIn:
    """Open a session. Raises SignInRefused or TooManyAttempts.

    Known and unknown names cost the same work and get the same answers.
    """
    now = clock.machine_now()

    def look(work: Work) -> tuple[Account | None, list[str]]:
        account = storage.find_account(work.session, username)
        subjects = _subjects(work, account, username, address)
        _refuse_blocked(work, subjects, now)
        return account, subjects

    account, subjects = store.read(SYSTEM, look)
    # Between the transactions: checking takes long, and no row may stay locked for it.
    is_right = passwords.is_password(password, account.password_hash if account else None)
    if account is None or not is_right or not _may_sign_in(account, now):
        store.transact(SYSTEM, lambda work: _count_failures(work, subjects, now))
        raise SignInRefused
    token = passwords.new_secret("gds")

    def open_session(work: Work) -> SignedIn:
        ends_at = now + timedelta(hours=work.setting("session.hours"))
        present = storage.get_account(work.session, username, to_change=True)
        if present.password_hash != account.password_hash or not _may_sign_in(present, now):
            # Locked or reset while the password was being checked.
            raise SignInRefused
        work.session.add(
            SignIn(
                token_hash=passwords.digest(token),
                account_id=present.id,
                created_at=now,
                used_at=now,
                ends_at=ends_at,
                revoked_at=None,
                address=address,
                user_agent=user_agent,
            )
        )
        storage.forget_failures(work.session, subjects[0])
        max_age = timedelta(days=work.setting("password.max_age_days"))
        return SignedIn(
            token,
            ends_at,
            work.setting("session.idle_minutes"),
            present,
            present.must_change_password or now >= present.password_changed_at + max_age,
        )

    opened = store.transact(SYSTEM, open_session)
    # Signing in is rare enough, and frequent enough, to carry the house-keeping.
    store.transact(SYSTEM, lambda work: storage.purge(work.session, now, kept=_KEPT))
    return opened


def change_password(
    store: Store,
    principal: Principal,
    *,
    username: str,
    old_password: str,
    new_password: str,
    session_hash: str,
) -> None:
    """Set one's own password; one's other sessions end, in every worker at once.

    Raises PasswordWrong, PasswordUnchanged, PasswordTooWeak, or TooManyAttempts: who holds a
    session but not its password guesses here no faster than at the door.
    """
    now, subjects = clock.machine_now(), [session_subject(username)]

    def change(work: Work) -> None:
        _refuse_blocked(work, subjects, now)
        _set_password(work, username, old_password, new_password, session_hash)
        storage.forget_failures(work.session, subjects[0])

    try:
        store.transact(principal, change)
    except PasswordWrong:
        store.transact(SYSTEM, lambda work: _count_failures(work, subjects, now))
        raise
    revocations.announce()


def _set_password(
    work: Work, username: str, old_password: str, new_password: str, session_hash: str
) -> None:
    account = storage.get_account(work.session, username, to_change=True)
    if not passwords.is_password(old_password, account.password_hash):
        raise PasswordWrong
    if passwords.is_password(new_password, account.password_hash):
        raise PasswordUnchanged
    passwords.check_strength(
        new_password, username=username, least=work.setting("password.least_characters")
    )
    now = clock.machine_now()
    account.password_hash = passwords.new_hash(new_password)
    account.password_changed_at = now
    account.must_change_password = False
    account.one_time_until = None
    storage.end_sessions(work.session, account.id, now, but=session_hash)
    work.log("account", account.username, "password changed")


def sign_out(store: Store, session_hash: str) -> None:
    """End one session, in every worker at once."""
    now = clock.machine_now()
    store.transact(SYSTEM, lambda work: storage.end_session(work.session, session_hash, now))
    revocations.announce()


def sign_out_everywhere(store: Store, username: str) -> int:
    """End all sessions of an account; says how many there were."""
    now = clock.machine_now()

    def end(work: Work) -> int:
        account = storage.get_account(work.session, username)
        return storage.end_sessions(work.session, account.id, now)

    ended = store.transact(SYSTEM, end)
    revocations.announce()
    return ended


def _subjects(work: Work, account: Account | None, username: str, address: str) -> list[str]:
    """Give that for which failures are counted, and by which a sign-in is made to wait.

    Where somebody has signed in lately, only failures for that name at that place count:
    whoever guesses elsewhere, or at other names, keeps nobody from their own desk.
    """
    # Of an unknown name it is asked too: what it takes to refuse must not tell them apart.
    account_id = account.id if account is not None else _NOBODY
    if storage.has_signed_in_from(work.session, account_id, address):
        return [place_subject(username, address)]
    return [name_subject(username), f"{FailedSignIns.ADDRESS}:{address}"]


def _may_sign_in(account: Account, now: datetime) -> bool:
    if account.locked:
        return False
    return account.one_time_until is None or now < account.one_time_until


def _refuse_blocked(work: Work, subjects: list[str], now: datetime) -> None:
    until = storage.blocked_until(work.session, subjects)
    if until is not None and until > now:
        raise TooManyAttempts(seconds=int((until - now).total_seconds()) + 1)


def _count_failures(work: Work, subjects: list[str], now: datetime) -> None:
    forget_before = now - timedelta(hours=work.setting("sign_in.memory_hours"))
    free = (work.setting("sign_in.free_failures"), work.setting("sign_in.address_failures"))
    first = work.setting("sign_in.first_wait_seconds")
    longest = work.setting("sign_in.longest_wait_seconds")
    for subject, allowed in zip(subjects, free, strict=False):
        failures = storage.count_failure(work.session, subject, now, forget_before=forget_before)
        if failures >= allowed:
            # Bounded before it is computed: 2 ** failures would itself be an attack.
            wait = min(longest, first * 2 ** min(failures - allowed, 20))
            storage.block(work.session, subject, now + timedelta(seconds=wait))
