"""Passwords and secrets: how they are made, judged, hashed and compared."""

import hashlib
import secrets
import threading
import unicodedata

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.errors import Invalid

MOST_CHARACTERS = 200

# OWASP Password Storage Cheat Sheet (argon2id, second row): 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
# Checking costs memory and a core: a crowd of sign-ins must not starve the desk's requests.
_TURN = threading.BoundedSemaphore(2)

# Of the lists of leaked passwords, those that pass the length rule and that people in an
# office choose; a guesser tries these first.
_COMMON = frozenset(
    {
        "1234567890", "0123456789", "1234567891", "12345678910", "123456789a", "a123456789",
        "password12", "password123", "password1234", "passw0rd123", "qwertyuiop", "qwerty12345",
        "1q2w3e4r5t", "1qaz2wsx3edc", "q1w2e3r4t5", "abcdefghij", "abc1234567", "abcd123456",
        "woaini1314", "woaini520", "woaini5201314", "5201314520", "aa12345678", "asdfghjkl1",
        "administrator", "admin12345", "admin123456", "letmein1234", "iloveyou12", "welcome123",
        "changeme123", "gendan1234", "gendan12345", "gendan123456",
    }
)  # fmt: skip


class PasswordTooWeak(Invalid):
    """The new password would be guessed."""

    code = "password_too_weak"
    en = "This password will not do: {why}."
    zh = "该密码不符合要求：{why_zh}。"


def new_hash(password: str) -> str:
    """Give the argon2id hash of a password."""
    with _TURN:
        return _HASHER.hash(_normal(password))


# What an unknown name's password is checked against, so that it takes as long as a known one's.
_NOBODY = _HASHER.hash(secrets.token_urlsafe(24))


def is_password(password: str, stored: str | None) -> bool:
    """Whether the password is the stored hash's; takes as long without one (nobody's: False)."""
    with _TURN:
        try:
            _HASHER.verify(stored or _NOBODY, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def check_strength(password: str, *, username: str, least: int) -> None:
    """Raise PasswordTooWeak for one that is short, known, or made of the name."""
    plain = _normal(password).casefold()
    if len(plain) < least:
        raise PasswordTooWeak(why=f"it needs {least} characters", why_zh=f"至少需要 {least} 个字符")
    if len(plain) > MOST_CHARACTERS:
        raise PasswordTooWeak(
            why=f"it may have {MOST_CHARACTERS} characters", why_zh=f"最多 {MOST_CHARACTERS} 个字符"
        )
    if plain in _COMMON or len(set(plain)) < 4:
        raise PasswordTooWeak(why="everybody would try it first", why_zh="过于常见")
    if username and username.casefold() in plain:
        raise PasswordTooWeak(why="it contains the name", why_zh="包含账号名")


def new_password() -> str:
    """Make a password that a person can read out: four groups, 79 bits."""
    letters = "23456789abcdefghjkmnpqrstuvwxyz"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def new_secret(prefix: str) -> str:
    """Make a token or key of 256 bits; the prefix tells finders of leaks what they have found."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def digest(secret: str) -> str:
    """Give what is stored of a secret of full strength: a plain hash cannot be turned back."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _normal(password: str) -> str:
    # The same characters typed on another keyboard may come composed differently (RFC 8265).
    return unicodedata.normalize("NFC", password)
