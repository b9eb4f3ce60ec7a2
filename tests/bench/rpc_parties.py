"""Servers and callers of the RPC benchmark, each a process: `python -m … serve-nameko`.

What is compared: the chassis's RPC path, nameko 2.14.1 as it comes, and kombu used directly
with transient messages and one multiplexed caller. All answer the same call with its body.
"""

import json
import os
import queue
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

CALLERS = 16
BODY = {"order_number": "D20260301-0001", "lines": [{"sku": "A4-80", "quantity": "1200.000"}] * 3}
PRINCIPAL = {"person_id": "p-1", "name": "王芳", "roles": ["clerk"], "kind": "person"}
KOMBU_QUEUE = "bench-kombu"


def serve_nameko(url: str) -> None:
    import eventlet

    eventlet.monkey_patch()
    from nameko.rpc import rpc
    from nameko.runners import ServiceRunner

    class Yardstick:
        name = "bench_nameko"

        @rpc  # type: ignore[untyped-decorator]  # nameko's
        def echo(self, principal: Any, body: Any) -> Any:
            return body

    runner = ServiceRunner({"AMQP_URI": url})
    runner.add_service(Yardstick)
    runner.start()
    _tell_ready()
    runner.wait()


def serve_kombu(url: str) -> None:
    from kombu.connection import Connection
    from kombu.entity import Queue

    open_connection: Any = Connection
    request_queue: Any = Queue
    with open_connection(url) as consuming, open_connection(url) as publishing:
        producer = publishing.Producer()

        def answer(body: Any, message: Any) -> None:
            producer.publish(
                {"result": body["body"], "error": None},
                routing_key=message.properties["reply_to"],
                correlation_id=message.properties["correlation_id"],
                delivery_mode=1,
            )
            message.ack()

        with consuming.Consumer(
            [request_queue(KOMBU_QUEUE)], callbacks=[answer], prefetch_count=10
        ):
            _tell_ready()
            while True:
                consuming.drain_events()


def call_chassis(url: str, seconds: float) -> float:
    from chassis.rpc import RpcClient

    with RpcClient(url, "bench") as client:

        def call() -> None:
            client.call("bench", "echo", BODY, principal=PRINCIPAL, deadline=time.time() + 10)

        return _rate(lambda: call, seconds)


def call_nameko(url: str, seconds: float) -> float:
    from nameko.standalone.rpc import ClusterRpcProxy

    def caller() -> Callable[[], None]:
        cluster = ClusterRpcProxy({"AMQP_URI": url}).start()
        return lambda: cluster.bench_nameko.echo(principal=PRINCIPAL, body=BODY)

    return _rate(caller, seconds)


def call_kombu(url: str, seconds: float) -> float:
    from kombu.connection import Connection
    from kombu.entity import Queue

    open_connection: Any = Connection
    reply_queue: Any = Queue
    name = f"bench-replies-{uuid.uuid4()}"
    waiting: dict[str, queue.SimpleQueue[Any]] = {}
    publishing, consuming = open_connection(url), open_connection(url)
    producer, publishing_lock = publishing.Producer(), threading.Lock()

    def deliver(body: Any, message: Any) -> None:
        waiting.pop(message.properties["correlation_id"]).put(body)

    consumer = consuming.Consumer(
        [reply_queue(name, exclusive=True, auto_delete=True)], callbacks=[deliver], no_ack=True
    )
    consumer.consume()

    def drain() -> None:
        while True:
            consuming.drain_events()

    threading.Thread(target=drain, daemon=True).start()

    def call() -> None:
        correlation_id = str(uuid.uuid4())
        reply: queue.SimpleQueue[Any] = queue.SimpleQueue()
        waiting[correlation_id] = reply
        with publishing_lock:
            producer.publish(
                {"principal": PRINCIPAL, "body": BODY},
                routing_key=KOMBU_QUEUE,
                correlation_id=correlation_id,
                reply_to=name,
                delivery_mode=1,
            )
        reply.get(timeout=10)

    return _rate(lambda: call, seconds)


def _rate(new_caller: Callable[[], Callable[[], None]], seconds: float) -> float:
    """Give the calls per second of CALLERS threads that call as fast as they are answered."""
    counts = [0] * CALLERS
    ready = threading.Barrier(CALLERS + 1)
    end = threading.Event()

    def work(number: int) -> None:
        call = new_caller()
        call()  # connections are made before the clock runs
        ready.wait(30)
        while not end.is_set():
            call()
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(CALLERS)]
    for thread in threads:
        thread.start()
    ready.wait(30)
    began = time.perf_counter()
    end.wait(seconds)
    end.set()
    done, took = sum(counts), time.perf_counter() - began
    for thread in threads:
        thread.join(10)
    return done / took


def _tell_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


SERVERS = {"serve-nameko": serve_nameko, "serve-kombu": serve_kombu}
CALLERS_OF = {"call-chassis": call_chassis, "call-nameko": call_nameko, "call-kombu": call_kombu}


def main(role: str, seconds: str = "0") -> None:
    url = os.environ["GENDAN_AMQP_URL"]
    if role in SERVERS:
        SERVERS[role](url)
    else:
        sys.stdout.write(json.dumps(CALLERS_OF[role](url, float(seconds))) + "\n")
        sys.stdout.flush()
        # What the callers keep open ends with the process; nameko's proxies would take turns.
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
