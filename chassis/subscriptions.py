"""What a service listens to: which of its methods want which events of whom."""

from collections import defaultdict
from collections.abc import Sequence

from chassis import topology
from chassis.attempt import Listener
from chassis.events import Received, routing_key


class Subscriptions:
    """The listeners of one service."""

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, str], list[Listener]] = defaultdict(list)

    def add(self, listener: Listener) -> None:
        self._listeners[listener.source, listener.name].append(listener)

    def __bool__(self) -> bool:
        return bool(self._listeners)

    @property
    def sources(self) -> list[str]:
        return sorted({source for source, _ in self._listeners})

    @property
    def events(self) -> list[tuple[str, str]]:
        """Give source and name of every event that some method listens to."""
        return sorted(self._listeners)

    @property
    def _all(self) -> list[Listener]:
        return [listener for group in self._listeners.values() for listener in group]

    def is_in_order(self, method_name: str, source: str) -> bool:
        """Say whether a method waits for gaps in the order of a source's aggregates."""
        return any(
            listener.in_order
            for listener in self._all
            if listener.method_name == method_name and listener.source == source
        )

    def routing_keys(self) -> dict[str, list[str]]:
        """Give the routing keys bound for each source."""
        return subscriptions(self._all)

    def listeners_for(self, event: Received) -> dict[str, Listener | None]:
        """Give the methods an event is for, by name.

        An in-order method also sees the events of its source that it does not listen to, other
        versions included (then the listener is None): they move its cursor on, or each would
        look like a gap.
        """
        wanted: dict[str, Listener | None] = {
            listener.method_name: None
            for listener in self._all
            if listener.in_order and listener.source == event.source
        }
        for listener in self._listeners.get((event.source, event.name), ()):
            is_its_version = listener.schema_version == event.schema_version
            if is_its_version or listener.method_name not in wanted:
                wanted[listener.method_name] = listener
        return wanted

    def methods_for(self, source: str, name: str, version: int) -> list[str]:
        """Give the methods that want an event of this name and version."""
        return sorted(
            {
                listener.method_name
                for listener in self._all
                if listener.source == source
                and (
                    listener.in_order or (listener.name, listener.schema_version) == (name, version)
                )
            }
        )


def subscriptions(listeners: Sequence[Listener]) -> dict[str, list[str]]:
    """Give the routing keys that these listeners need, by source.

    An in-order one needs every event of its source: only then is a hole in the sequence a gap.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    for listener in listeners:
        keys[listener.source].add(routing_key(listener.name, listener.schema_version))
        if listener.in_order:
            keys[listener.source].add(topology.EVERY_EVENT)
    return {
        source: [topology.EVERY_EVENT] if topology.EVERY_EVENT in of_source else sorted(of_source)
        for source, of_source in sorted(keys.items())
    }
