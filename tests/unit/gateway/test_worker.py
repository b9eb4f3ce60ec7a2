"""How the gateway's worker counts its clients."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from select import select
from types import SimpleNamespace

from gunicorn.workers.gthread import PollableMethodQueue

from gateway.worker import BoundedSocket, BoundedWorker


def test_a_connection_counts_until_its_client_has_hung_up() -> None:
    """A worker takes no more than it has descriptors for, and closing one takes its time."""
    worker = BoundedWorker.__new__(BoundedWorker)
    worker.nr_conns = 0
    worker.method_queue = PollableMethodQueue()
    worker.method_queue.init()
    ours, client = socket.socketpair()
    connection = SimpleNamespace(sock=BoundedSocket.over(ours))

    with ThreadPoolExecutor(1) as worker._closing, closing(worker.method_queue):
        worker._close(connection, graceful=True)
        # Told that it is over, the client still holds its end.
        assert (client.recv(1), worker.nr_conns) == (b"", 1)

        client.close()
        select([worker.method_queue], [], [], 10)
        worker.method_queue.run_callbacks(None)
        assert worker.nr_conns == 0
