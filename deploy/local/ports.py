"""Free ports on the loopback interface."""

import random
import socket
from itertools import islice

from deploy.local.problems import Problem

# Below Linux's range for outgoing connections (32768 and up), so that no client
# takes a port between our look and the engine's bind.
LOWEST, HIGHEST = 20000, 32000
LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Say whether a server could bind this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Return `count` different ports that are free now, picked at random."""
    candidates = random.SystemRandom().sample(range(LOWEST, HIGHEST), HIGHEST - LOWEST)
    found = list(islice(filter(is_free, candidates), count))
    if len(found) == count:
        return found
    raise Problem(f"No {count} free loopback ports between {LOWEST} and {HIGHEST}; stop something.")
