"""Broken builds of the relay and the listeners, to prove that the rig sees what it looks for.

`python -m tests.faults.mutants MUTANT relay` or `… MUTANT <service>` runs a process like
production's with one promise of ARCHITECTURE §4 patched out.
"""

import sys
from collections.abc import Sequence
from typing import Any

RELAY_MARKS_FIRST = "relay-marks-before-the-confirm"
KEYS_IGNORED = "keys-ignored"
ACKNOWLEDGED_FIRST = "acknowledged-before-the-commit"
# A fault point of the build that ignores keys: a payment is kept and nobody has its answer.
PAYMENT_KEPT = "after_payment"


def relay_marks_first() -> None:
    """Mark events as sent, then send them."""
    from chassis import faults
    from chassis.events import routing_key
    from chassis.relay import _MARK, Pipeline, Relay

    def send_batch(self: Relay, database: Any, pipeline: Pipeline) -> int:
        rows = self._due(database)
        if not rows:
            return 0
        with database.cursor() as cursor:
            cursor.execute(_MARK, ([row.id for row in rows],))
        if any(self.audience.is_owed(routing_key(row.name, row.schema_version)) for row in rows):
            faults.point("after_publish_before_mark")
        pipeline.publish(rows, is_mandatory=self.audience.is_owed)
        return len(rows)

    Relay.send_batch = send_batch  # type: ignore[method-assign]


def keys_ignored() -> None:
    """Do a command again that was done under its key before."""
    from chassis import commands, faults, service

    run_once = commands.run_command

    def run_command(store: Any, principal: Any, key: object, method: str, *rest: Any) -> Any:
        answer = run_once(store, principal, key, method, *rest)
        if method == "record_payment":
            faults.point(PAYMENT_KEPT)
        return answer

    service.run_command = run_command  # type: ignore[attr-defined, assignment]
    commands._KEEP_UNLESS_HELD = f"{commands._KEEP} on conflict do nothing"


def acknowledged_first() -> None:
    """Acknowledge a message, then handle it."""
    from chassis import listening
    from chassis.delivery import Delivery, acknowledge
    from chassis.listening import EventDesk

    settled, handled_together = EventDesk._settled, EventDesk._handle_together

    def acknowledge_and_settle(self: EventDesk, delivery: Delivery) -> bool:
        acknowledge([delivery])
        return settled(self, delivery)

    def acknowledge_and_handle(self: EventDesk, batch: Sequence[Delivery]) -> bool:
        acknowledge(batch)
        handled_together(self, batch)
        return True

    EventDesk._settled = acknowledge_and_settle  # type: ignore[method-assign]
    EventDesk._handle_together = acknowledge_and_handle  # type: ignore[method-assign]

    def acknowledged_already(deliveries: Sequence[Delivery]) -> None:
        pass

    listening.acknowledge = acknowledged_already  # type: ignore[attr-defined]


MUTANTS = {
    RELAY_MARKS_FIRST: relay_marks_first,
    KEYS_IGNORED: keys_ignored,
    ACKNOWLEDGED_FIRST: acknowledged_first,
}


def main(mutant: str, part: str) -> int:
    """Patch and run."""
    if part == "relay":
        from chassis import relay

        MUTANTS[mutant]()
        return relay.main()

    from chassis.process import main as serve

    MUTANTS[mutant]()
    return serve([part])


if __name__ == "__main__":
    if sys.argv[2] != "relay":
        import eventlet

        # As chassis/runner.py does, before anything else is loaded.
        eventlet.monkey_patch()
    sys.exit(main(*sys.argv[1:]))
