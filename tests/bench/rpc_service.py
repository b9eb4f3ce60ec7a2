"""The service that the RPC benchmark calls on the chassis's path."""

from typing import Any

from chassis.rpc import rpc


class BenchService:
    """Answers with what it was sent."""

    name = "bench"

    @rpc
    def echo(self, principal: Any, body: Any) -> Any:
        return body
