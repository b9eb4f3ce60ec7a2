"""Commands of the gateway's own database: done once by their key, like every service's."""

from collections.abc import Callable, Mapping
from typing import Any

from chassis.commands import run_command
from chassis.database import Work
from gateway import revocations
from gateway.calls import Call


def run_once(
    call: Call,
    method: str,
    do: Callable[[Work], dict[str, Any]],
    *,
    of: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Do a command once and give its answer; other workers learn of what it revoked.

    A repetition is known by the request, or by the facts `of` one whose body is a file.
    """
    answer: dict[str, Any] = run_command(
        call.store, call.principal, call.key, method, of or call.request(), do
    )
    revocations.announce()
    return answer


def run_once_with_secret(
    call: Call, method: str, do: Callable[[Work], tuple[dict[str, Any], str]], *, name: str
) -> dict[str, Any]:
    """Do a command whose answer holds a secret: it is shown this once and stored nowhere.

    Who repeats the command (its answer was lost) gets null in its place and resets it.
    """
    shown: list[str] = []

    def without_secret(work: Work) -> dict[str, Any]:
        answer, secret = do(work)
        # A transaction that is run again makes another secret: the last one is true.
        shown[:] = [secret]
        return {**answer, name: None}

    answer = run_once(call, method, without_secret)
    return {**answer, name: shown[0]} if shown else answer
