"""Both ends of the RPC path, with nameko's names and wire format kept (ARCHITECTURE §5).

The gateway and the relay only call: what serves is loaded when it is named, so that they carry
neither nameko's machinery nor eventlet.
"""

from typing import TYPE_CHECKING, Any

from chassis.rpc.client import RpcClient
from chassis.rpc.wire import (
    DeadlinePassed,
    InternalError,
    Overloaded,
    ServiceUnavailable,
    WireError,
    current_deadline,
    deadline_in,
    seconds_left,
)

if TYPE_CHECKING:
    from chassis.rpc.server import Neighbours, Rpc, rpc

__all__ = [
    "DeadlinePassed",
    "InternalError",
    "Neighbours",
    "Overloaded",
    "Rpc",
    "RpcClient",
    "ServiceUnavailable",
    "WireError",
    "current_deadline",
    "deadline_in",
    "rpc",
    "seconds_left",
]


def __getattr__(name: str) -> Any:
    if name in ("Neighbours", "Rpc", "rpc"):
        from chassis.rpc import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
