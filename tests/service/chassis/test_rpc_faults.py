"""Deadlines, stops and lost brokers (ARCHITECTURE §4.7, §4.10; MESSAGING §3.9, §5)."""

import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import amqp
import psycopg2
import pytest

from chassis import bus, notation
from chassis.errors import Unavailable
from chassis.rpc import RpcClient
from chassis.rpc.wire import EXCHANGE
from deploy.local.engines import Engines
from tests.conftest import Vhost
from tests.faults.clocks import set_clock
from tests.faults.proxy import Proxy
from tests.service.chassis.conftest import PRINCIPAL, Probe, Probes, eventually, within


def ask(client: RpcClient, method: str, body: Any = None, *, seconds: float = 10.0) -> Any:
    return client.call("probe", method, body, principal=PRINCIPAL, deadline=within(seconds))


def refusal_of(client: RpcClient, *, seconds: float) -> tuple[str, float]:
    """Give the code of a call that has no answer, and how long it took."""
    began = time.monotonic()
    with pytest.raises(Unavailable) as refused:
        ask(client, "echo", seconds=seconds)
    return refused.value.code, time.monotonic() - began


def waiting_in(url: str, queue: str) -> int:
    """Count the messages that nobody holds."""
    connection = bus.connect(url, name="look")
    try:
        return int(connection.channel().queue_declare(queue, passive=True).message_count)
    finally:
        connection.close()


# Deadlines -----------------------------------------------------------------------------------


def test_a_stopped_callee_holds_its_caller_no_longer_than_the_deadline(
    probes: Probes, client: RpcClient
) -> None:
    probe = probes()
    ask(client, "echo")
    os.kill(probe.process.pid, signal.SIGSTOP)
    try:
        code, took = refusal_of(client, seconds=1.0)
    finally:
        os.kill(probe.process.pid, signal.SIGCONT)

    assert code == "deadline_passed"
    assert took < 2.0


def test_work_abandoned_by_its_caller_is_not_started_after_the_deadline(
    probes: Probes, client: RpcClient
) -> None:
    probe = probes(GENDAN_MAX_WORKERS="1")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(ask, client, "do_once_told", "first", seconds=20)
        probe.await_mark("first.began")
        late = pool.submit(ask, client, "do_once_told", "late", seconds=0.5)
        with pytest.raises(Unavailable):
            late.result()

        probe.tell("first")

        assert first.result() == "first"
    assert ask(client, "echo", 1)["body"] == 1
    assert probe.marks("late.began") == []


def test_a_request_that_arrives_late_is_not_started(probes: Probes, vhost: Vhost) -> None:
    probe = probes()
    connection = bus.connect(vhost.url, name="late")
    channel = connection.channel()
    replies: list[Any] = []
    channel.queue_declare("late-replies", exclusive=True)
    channel.queue_bind("late-replies", "nameko-rpc", "late-replies")
    channel.basic_consume(
        "late-replies", no_ack=True, callback=lambda m: replies.append(notation.from_json(m.body))
    )
    message = amqp.Message(
        b'{"args": [], "kwargs": {"principal": {}, "body": "late"}}',
        content_type="application/json",
        content_encoding="utf-8",
        reply_to="late-replies",
        application_headers={"nameko.deadline": str(time.time() - 0.1)},
    )

    channel.basic_publish(message, "nameko-rpc", "probe.do_once_told")
    connection.drain_events(timeout=10)
    connection.close()

    assert replies[0]["error"]["exc_args"][:2] == ["Unavailable", "deadline_passed"]
    assert probe.marks("late.began") == []


def test_a_nested_call_gets_what_is_left(probes: Probes, client: RpcClient) -> None:
    probes()
    deadline = within(10)

    innermost = client.call(
        "probe", "time_left_of_a_nested_call", None, principal=PRINCIPAL, deadline=deadline
    )

    assert innermost == deadline


def test_a_frozen_broker_holds_nobody_past_the_deadline_and_thaws(
    probes: Probes, clients: Callable[..., RpcClient], vhost: Vhost
) -> None:
    probes()
    with Proxy.before(vhost.url) as proxy:
        client = clients(proxy.url(vhost.url))
        ask(client, "echo")
        proxy.freeze()

        with ThreadPoolExecutor(20) as pool:
            outcomes = list(pool.map(lambda _: refusal_of(client, seconds=1.0), range(20)))

        assert {code for code, _ in outcomes} == {"deadline_passed"}
        assert max(took for _, took in outcomes) < 2.0
        proxy.let_pass()
        assert ask(client, "echo", "thawed", seconds=20)["body"] == "thawed"


def test_a_broker_that_is_frozen_from_the_start_holds_nobody_past_the_deadline(
    clients: Callable[..., RpcClient], vhost: Vhost
) -> None:
    with Proxy.before(vhost.url) as proxy:
        proxy.freeze()
        client = clients(proxy.url(vhost.url))

        code, took = refusal_of(client, seconds=1.0)

        assert code == "deadline_passed"
        assert took < 2.0
        proxy.let_pass()


def test_a_callee_whose_clock_is_ahead_refuses_until_it_is_set(
    probes: Probes, client: RpcClient, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    set_clock(clock, 0)
    probe = probes(clock=clock)
    ask(client, "echo")

    set_clock(clock, 30)
    eventually(lambda: not _answers(client), "its clock is ahead")
    code, _ = refusal_of(client, seconds=20)
    assert code == "deadline_passed"
    assert "its deadline has passed" in probe.logged()

    # Behind it takes no call for late: what nobody waits for any more the broker lets expire.
    set_clock(clock, -30)
    eventually(lambda: _answers(client), "its clock is behind")
    set_clock(clock, 0)
    assert ask(client, "echo", "set")["body"] == "set"


# Lost brokers --------------------------------------------------------------------------------


def test_calls_in_flight_when_the_broker_goes_fail_at_once_and_later_ones_find_it_back(
    probes: Probes, clients: Callable[..., RpcClient], vhost: Vhost
) -> None:
    probe = probes()
    with Proxy.before(vhost.url) as proxy, ThreadPoolExecutor() as pool:
        client = clients(proxy.url(vhost.url))
        in_flight = pool.submit(ask, client, "do_once_told", "flight", seconds=60)
        probe.await_mark("flight.began")
        began = time.monotonic()

        proxy.cut()

        with pytest.raises(Unavailable) as lost:
            in_flight.result()
        assert lost.value.code == "service_unavailable"
        assert time.monotonic() - began < 10
        code, took = refusal_of(client, seconds=30)
        assert code == "service_unavailable"
        assert took < 10
        proxy.let_pass()
        probe.tell("flight")
        eventually(lambda: _answers(client), "an answer over the broker that is back")


def _answers(client: RpcClient) -> bool:
    try:
        return bool(ask(client, "echo", 1, seconds=2)["body"] == 1)
    except Unavailable:
        return False


def test_a_request_that_the_broker_lost_holds_its_caller_no_longer_than_the_deadline(
    probes: Probes, client: RpcClient, vhost: Vhost
) -> None:
    probe = probes()
    ask(client, "echo")
    probe.ask_to_stop()
    probe.await_end()
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(refusal_of, client, seconds=2.0)
        eventually(lambda: _emptied(vhost.url, "rpc-probe") == 1, "the request is lost")
        code, took = asked.result()

    assert code == "deadline_passed"
    assert took < 3.0
    probes()
    assert ask(client, "echo", "after")["body"] == "after"


def _emptied(url: str, queue: str) -> int:
    """Empty a queue; gives how many requests were in it."""
    connection = bus.connect(url, name="purge")
    try:
        return int(connection.channel().queue_purge(queue))
    finally:
        connection.close()


def test_a_caller_whose_reply_queue_is_deleted_gets_another(
    probes: Probes, client: RpcClient, engines: Engines, vhost: Vhost
) -> None:
    probe = probes()
    assert engines.control is not None
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(ask, client, "do_once_told", "unheard", seconds=60)
        probe.await_mark("unheard.began")

        engines.control.run("delete_queue", client._reply_key, "-p", vhost.name)

        with pytest.raises(Unavailable) as lost:
            waiting.result()
        assert lost.value.code == "service_unavailable"
        probe.tell("unheard")
    eventually(lambda: _answers(client), "an answer by another queue")


def test_an_exchange_that_is_deleted_is_declared_and_bound_again_by_callee_and_caller(
    probes: Probes, client: RpcClient, vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "BIND_AGAIN_SECONDS", 0.2)
    probes(PROBE_BINDS_AGAIN="0.2")
    ask(client, "echo")

    connection = bus.connect(vhost.url, name="test")
    connection.channel().exchange_delete(EXCHANGE)
    connection.close()

    eventually(lambda: _answers(client), "an answer")


def test_a_service_finds_a_broker_that_was_away_and_serves_again(
    probes: Probes, client: RpcClient, vhost: Vhost
) -> None:
    with Proxy.before(vhost.url) as proxy:
        probe = probes(url=proxy.url(vhost.url))
        ask(client, "echo")

        proxy.cut()
        eventually(lambda: proxy.connections == 0, "no connection")
        proxy.let_pass()

        eventually(lambda: _answers(client), "an answer of the service that is back")
        assert probe.process.exit_code is None
        probe.ask_to_stop()
        # A connection begun while it was away may still wait for the broker's answer.
        assert probe.await_end(bus.CONNECT_SECONDS + bus.RESPONSE_SECONDS + 15) == 0


def test_work_that_ends_while_the_broker_is_away_ends_neither_process_nor_service(
    probes: Probes, client: RpcClient, vhost: Vhost
) -> None:
    with Proxy.before(vhost.url) as proxy, ThreadPoolExecutor() as pool:
        probe = probes(url=proxy.url(vhost.url))
        pool.submit(ask, client, "do_once_told", "away", seconds=3)
        probe.await_mark("away.began")

        proxy.cut()
        eventually(lambda: proxy.connections == 0, "no connection")
        probe.tell("away")
        probe.await_mark("away.ended")
        proxy.let_pass()

        eventually(lambda: _answers(client), "an answer of the service that is back")
        assert probe.process.exit_code is None


def test_a_service_started_before_its_broker_serves_when_that_comes(
    probes: Probes, client: RpcClient, vhost: Vhost
) -> None:
    with Proxy.before(vhost.url) as proxy:
        proxy.cut()
        probes(url=proxy.url(vhost.url), wait=False)
        eventually(lambda: "no link to the broker" in probes.replicas[0].logged(), "a first try")

        proxy.let_pass()

        eventually(lambda: _answers(client), "an answer of the service")


def test_a_service_without_a_broker_stops_all_the_same(probes: Probes, vhost: Vhost) -> None:
    with Proxy.before(vhost.url) as proxy:
        probe = probes(url=proxy.url(vhost.url))
        proxy.cut()
        eventually(lambda: proxy.connections == 0, "no connection")

        probe.ask_to_stop()

        assert probe.await_end() == 0


# Stops ---------------------------------------------------------------------------------------


def test_a_stop_lets_running_work_end_and_acknowledges_it(
    probes: Probes, client: RpcClient, vhost: Vhost
) -> None:
    probe = probes()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(ask, client, "do_once_told", "work", seconds=20)
        probe.await_mark("work.began")

        probe.ask_to_stop()
        eventually(lambda: "stopping on SIGTERM" in probe.logged(), "the stop")
        probe.tell("work")

        assert running.result() == "work"
        assert probe.await_end() == 0
    assert waiting_in(vhost.url, "rpc-probe") == 0
    assert probe.marks("work.began") == [str(probe.process.pid)]


def test_a_stop_gives_what_waits_to_another_replica(probes: Probes, client: RpcClient) -> None:
    old = probes(GENDAN_MAX_WORKERS="1")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(ask, client, "do_once_told", "running", seconds=20)
        old.await_mark("running.began")
        waiting = pool.submit(ask, client, "do_once_told", "waiting", seconds=20)
        new = probes(GENDAN_MAX_WORKERS="1")

        old.ask_to_stop()
        old.tell("running")
        old.tell("waiting")

        assert (running.result(), waiting.result()) == ("running", "waiting")
        assert old.await_end() == 0
    assert old.marks("running.began") == [str(old.process.pid)]
    assert old.marks("waiting.began") == [str(new.process.pid)]


def test_a_stop_ends_at_its_grace_and_what_ran_goes_to_another_replica(
    probes: Probes, client: RpcClient
) -> None:
    old = probes(GENDAN_GRACE_SECONDS="1")
    with ThreadPoolExecutor() as pool:
        stuck = pool.submit(ask, client, "do_once_told", "stuck", seconds=20)
        old.await_mark("stuck.began")
        old.ask_to_stop()
        assert old.await_end() == 1

        new = probes()
        eventually(lambda: len(new.marks("stuck.began")) == 2, "the second run")
        new.tell("stuck")

        assert stuck.result() == "stuck"


def test_an_event_handled_during_a_stop_is_acknowledged(probes: Probes, vhost: Vhost) -> None:
    probe = probes()
    connection = bus.connect(vhost.url, name="send")
    message = amqp.Message(b'"event"', content_type="application/json", content_encoding="utf-8")
    connection.channel().basic_publish(message, "", "probe-inbox")
    connection.close()
    probe.await_mark("event.began")

    probe.ask_to_stop()
    eventually(lambda: "stopping on SIGTERM" in probe.logged(), "the stop")
    probe.tell("event")

    assert probe.await_end() == 0
    assert waiting_in(vhost.url, "probe-inbox") == 0
    assert probe.marks("event.ended") == [str(probe.process.pid)]


# Processes -----------------------------------------------------------------------------------


def test_a_blocked_hub_ends_the_process(probes: Probes, client: RpcClient) -> None:
    probe = probes(GENDAN_WATCHDOG_SECONDS="2")

    with pytest.raises(Unavailable):
        ask(client, "spin", seconds=5)

    assert probe.await_end() == 1
    assert "watchdog: the hub is blocked" in probe.logged()


def test_work_without_progress_ends_the_process(probes: Probes, client: RpcClient) -> None:
    probe = probes(GENDAN_WATCHDOG_SECONDS="2")

    with pytest.raises(Unavailable):
        ask(client, "do_once_told", "never", seconds=5)

    assert probe.await_end() == 1
    assert "1 workers make no progress" in probe.logged()


def test_a_process_shows_its_figures_and_health_on_loopback(
    probes: Probes, client: RpcClient, vhost: Vhost
) -> None:
    with Proxy.before(vhost.url) as proxy:
        probe = probes(url=proxy.url(vhost.url), GENDAN_METRICS_PORT="0")
        ask(client, "echo")
        address = _figures_address(probe)

        with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:  # noqa: S310  # ours
            figures = answer.read().decode()
        with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:  # noqa: S310  # ours
            healthy = answer.status

        assert 'gendan_rpc_served_total{method="echo",outcome="ok"} 1.0' in figures
        assert healthy == 200
        proxy.cut()
        eventually(lambda: _status(f"{address}/healthz") == 503, "ill health")


def _figures_address(probe: Probe) -> str:
    (line,) = [line for line in probe.logged().splitlines() if "figures and health" in line]
    return "http://" + line.partition(" on ")[2].partition('"')[0]


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # ours
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_psycopg2_waits_without_holding_the_process(
    probes: Probes, client: RpcClient, empty_database: str
) -> None:
    dsn = empty_database.replace("postgresql+psycopg2://", "postgresql://")
    probes()
    holder = psycopg2.connect(dsn)
    holder.autocommit = True
    cursor = holder.cursor()
    cursor.execute("select pg_advisory_lock(42)")

    def waiting() -> int:
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        (count,) = cursor.fetchone() or (0,)
        return int(count)

    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(ask(client, "wait_for_a_lock", dsn)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()

    # Six queries of one process wait in PostgreSQL at the same time, and it answers others.
    eventually(lambda: waiting() == 6, "six waiting queries")
    assert ask(client, "echo", "meanwhile")["body"] == "meanwhile"
    cursor.execute("select pg_advisory_unlock(42)")
    for thread in threads:
        thread.join()
    holder.close()

    assert answers == ["locked"] * 6
