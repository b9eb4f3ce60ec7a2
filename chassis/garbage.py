"""How often Python looks for rings of garbage in a process that serves."""

import gc

# Python's own 700 makes it look after every few statements that SQLAlchemy builds.
ALLOCATIONS_BETWEEN = 20_000


def spare_what_is_loaded() -> None:
    """Leave modules, mappers and schemas out of every later search for garbage.

    To be called once all is loaded. They stay until the process ends, and to walk them over and
    over was a tenth of a service's time under load. What is no ring is freed at once as before.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_BETWEEN, 20, 20)
