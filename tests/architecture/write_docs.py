"""Writes what the code says into docs/architecture.md: `python -m tests.architecture.write_docs`.

A part stands between `<!-- code: name -->` and `<!-- code: end -->`; test_docs.py compares it.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from chassis.timers import Daily, Every, Schedule
from tests.architecture.rooms import ROOT, life_cycles
from tests.contracts.declared import SERVICES, subscriptions, timers
from tests.contracts.examples import EVENTS
from tests.contracts.test_services_ask_what_exists import call_map

PAGE = ROOT / "docs" / "architecture.md"
PART = re.compile(r"(<!-- code: (?!end)(?P<name>[a-z ]+) -->\n).*?(<!-- code: end -->)", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [head, ("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in map(list, lines))


def rpc_map() -> str:
    """Give what each service asks of others."""
    rows = (
        (leader, ", ".join(f"`{name}`" for name in sorted(names)) or "nobody")
        for leader, names in call_map().items()
    )
    return table(["service", "asks"], rows)


def event_map() -> str:
    """Give each event with the methods that listen to it."""
    heard: dict[tuple[str, str], list[str]] = {}
    for each in subscriptions():
        heard.setdefault((each.source, each.event), []).append(f"{each.listener}.{each.method}")
    rows = (
        (
            source,
            f"`{event.routing_key()}`",
            ", ".join(f"`{name}`" for name in sorted(heard.get((source, event.name), []))) or "—",
        )
        for source, events in EVENTS.items()
        for event in sorted(events, key=lambda event: event.name)
    )
    return table(["service", "event", "heard by"], rows)


def cycles() -> str:
    """Give each life cycle as a table of its moves."""
    parts = []
    for (service, _), cycle in life_cycles().items():
        rows = (
            (
                (f"**{state}**" if state is cycle.initial else f"{state}")
                + (" ◼" if state in cycle.ends else ""),
                ", ".join(after for after in type(state) if after in cycle.next(state)) or "—",
            )
            for state in cycle.moves
        )
        parts.append(f"### {cycle.entity} ({service})\n\n{table(['state', 'may become'], rows)}")
    return "\n".join(parts)


def when(schedule: Schedule) -> str:
    if isinstance(schedule, Daily):
        return f"daily at {schedule.at:%H:%M}"
    if isinstance(schedule, Every):
        return f"every {schedule.seconds:g} s"
    raise TypeError(schedule)


def jobs() -> str:
    """Give each timed job with its schedule."""
    rows = (
        (service, f"`{job.job}`", when(job.schedule))
        for service in SERVICES
        for job in timers(service)
    )
    return table(["service", "job", "when"], rows)


PARTS: Mapping[str, Callable[[], str]] = {
    "rpc map": rpc_map,
    "event map": event_map,
    "life cycles": cycles,
    "timers": jobs,
}


def written(page: str) -> str:
    """Give the page with every part as the code says it now."""

    def fill(part: re.Match[str]) -> str:
        return f"{part[1]}\n{PARTS[part['name']]()}\n{part[3]}"

    return PART.sub(fill, page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
