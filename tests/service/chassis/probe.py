"""A small service of the chassis tests' own."""

from typing import Any

from chassis.errors import Conflict
from chassis.rpc import Neighbours, Rpc


class Refused(Conflict):
    code = "probe_refused"
    en = "{thing} cannot be done."
    zh = "{thing} 不能做。"


class ProbeService:
    name = "probe"

    neighbours = Neighbours()

    @Rpc.decorator
    def echo(self, principal: Any, body: Any, key: str | None = None) -> Any:
        return {"body": body, "key": key, "principal": principal}
