"""What the gateway's append-only log says: who looked behind a mask, who changed an account."""

from chassis.database import Work
from gateway.calls import Call


def log_unmasking(call: Call, path: str) -> None:
    """Write that masked data were shown; if it cannot be written, they are not shown.

    Of an address too long for the log its end says whose they are.
    """

    def write(work: Work) -> None:
        work.log("personal_data", path[-80:], "unmasked", note=call.unmask)

    call.store.transact(call.principal, write)
