"""How the gateway's worker counts its clients."""

import socket
import time
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


def test_a_request_that_waited_too_long_for_a_thread_is_told_to_come_again() -> None:
    worker = BoundedWorker.__new__(BoundedWorker)
    ours, client = socket.socketpair()
    with closing(client), closing(BoundedSocket.over(ours)) as sock:
        sock.read_until = time.monotonic() - 1

        stays_open = worker.handle(SimpleNamespace(sock=sock))

        answer = client.recv(4096).decode()
    assert not stays_open
    assert answer.startswith("HTTP/1.1 503 Service Unavailable\r\n")
    assert ("Retry-After: 2\r\n" in answer, '"code":"overloaded"' in answer) == (True, True)
