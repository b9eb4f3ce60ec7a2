"""Answers and errors as values over a real broker (ARCHITECTURE §4.8, §4.9, §5)."""

import json
import multiprocessing
import threading
import time
from collections.abc import Callable

import amqp
import pytest

from chassis import bus
from chassis.errors import Conflict, GendanError, Invalid, Unavailable
from chassis.observe import RPC_LATE_REPLIES
from chassis.rpc import RpcClient, WireError
from tests.service.chassis.conftest import PRINCIPAL, Probes, Standing, eventually, within


def test_a_call_gets_the_answer_of_the_method(standing: Standing) -> None:
    answer = standing.client.call(
        "probe", "echo", {"名": "纸", "n": [1, None]}, principal=PRINCIPAL, key="k-1",
        deadline=within(10),
    )  # fmt: skip

    assert answer == {"body": {"名": "纸", "n": [1, None]}, "key": "k-1", "principal": PRINCIPAL}


def test_a_body_larger_than_a_frame_arrives_whole_and_comes_back(standing: Standing) -> None:
    body = "纸" * 200_000  # three octets each: five frames

    answer = standing.client.call("probe", "echo", body, principal=PRINCIPAL, deadline=within(10))

    assert answer["body"] == body


def test_many_threads_get_each_its_own_answer(standing: Standing) -> None:
    answers: dict[int, list[int]] = {}

    def ask(number: int) -> None:
        answers[number] = [
            standing.client.call(
                "probe", "echo", number * 1000 + turn, principal=PRINCIPAL, deadline=within(20)
            )["body"]
            for turn in range(20)
        ]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {n: [n * 1000 + turn for turn in range(20)] for n in range(16)}


def test_a_foreseen_refusal_crosses_with_its_family_code_sentences_and_facts(
    standing: Standing,
) -> None:

    with pytest.raises(Conflict) as refused:
        standing.client.call(
            "probe", "refuse", {"thing": "{A}"}, principal=PRINCIPAL, deadline=within(10)
        )

    assert refused.value.to_wire() == {
        "family": "Conflict",
        "code": "thing_taken",
        "message": "{A} is taken.",
        "message_zh": "{A} 已被占用。",
        "details": {"thing": "{A}"},
    }


def test_a_bug_tells_its_caller_a_reference_and_only_the_log_the_rest(standing: Standing) -> None:
    probe = standing.probe

    with pytest.raises(GendanError) as failed:
        standing.client.call("probe", "fail", None, principal=PRINCIPAL, deadline=within(10))

    wire = failed.value.to_wire()
    assert (wire["family"], wire["code"]) == ("Bug", "internal_error")
    assert "secret" not in json.dumps(wire)
    (entry,) = [line for line in probe.logged().splitlines() if "secret of the house" in line]
    assert wire["details"]["reference"] in json.loads(entry)["event"]
    assert "Traceback" in json.loads(entry)["exception"]


@pytest.mark.parametrize("method", ["answer_what_json_cannot", "leave", "leak_timeout"])
def test_whatever_a_handler_does_the_caller_gets_an_internal_error(
    standing: Standing, method: str
) -> None:
    probe = standing.probe

    with pytest.raises(GendanError) as failed:
        standing.client.call("probe", method, None, principal=PRINCIPAL, deadline=within(10))

    assert failed.value.code == "internal_error"
    assert probe.process.exit_code is None


def test_leaked_timeouts_cost_no_worker(probes: Probes, client: RpcClient) -> None:
    probes(GENDAN_MAX_WORKERS="2")

    for _ in range(4):
        with pytest.raises(GendanError):
            client.call("probe", "leak_timeout", None, principal=PRINCIPAL, deadline=within(10))

    answer = client.call("probe", "echo", "alive", principal=PRINCIPAL, deadline=within(5))
    assert answer["body"] == "alive"


@pytest.mark.parametrize("method", ["nothing", "name", "neighbours", "__init__", "echo.body"])
def test_what_is_no_entrypoint_is_no_method(standing: Standing, method: str) -> None:

    with pytest.raises((Invalid, Unavailable)) as refused:
        standing.client.call("probe", method, None, principal=PRINCIPAL, deadline=within(10))

    # With a dot more, the key fits no binding (`probe.*` is one word).
    expected = "service_unavailable" if "." in method else "unknown_method"
    assert refused.value.code == expected


def test_a_service_that_never_ran_is_unavailable_at_once(client: RpcClient) -> None:
    began = time.monotonic()

    with pytest.raises(Unavailable) as refused:
        client.call("nobody", "echo", None, principal=PRINCIPAL, deadline=within(30))

    assert refused.value.code == "service_unavailable"
    assert time.monotonic() - began < 10


def test_a_late_reply_finds_nobody_and_leaves_nothing(standing: Standing) -> None:
    probe = standing.probe
    late_before = RPC_LATE_REPLIES._value.get()

    with pytest.raises(Unavailable) as late:
        standing.client.call(
            "probe", "do_once_told", "slow", principal=PRINCIPAL, deadline=within(3)
        )
    probe.await_mark("slow.began")
    probe.tell("slow")

    assert late.value.code == "deadline_passed"
    eventually(lambda: RPC_LATE_REPLIES._value.get() == late_before + 1, "the late reply")
    assert standing.client._pending == {}


def test_calls_beyond_the_limit_are_shed_at_once(
    probes: Probes, clients: Callable[..., RpcClient]
) -> None:
    probe, client = probes(), clients(max_pending=2)
    threads = [
        threading.Thread(
            target=client.call,
            args=("probe", "do_once_told", name),
            kwargs={"principal": PRINCIPAL, "deadline": within(20)},
        )
        for name in ("one", "two")
    ]
    for thread in threads:
        thread.start()
    probe.await_mark("one.began")
    probe.await_mark("two.began")

    with pytest.raises(Unavailable) as shed:
        client.call("probe", "echo", None, principal=PRINCIPAL, deadline=within(20))

    assert shed.value.code == "overloaded"
    probe.tell("one")
    probe.tell("two")
    for thread in threads:
        thread.join()
    assert client.call("probe", "echo", 1, principal=PRINCIPAL, deadline=within(10))["body"] == 1


def _call_in_a_fork(client: RpcClient, answers: "multiprocessing.Queue[object]") -> None:
    answers.put(client.call("probe", "echo", "child", principal=PRINCIPAL, deadline=within(10)))
    client.close()


@pytest.mark.filterwarnings(
    # Whether eventlet, which warns at every fork, is loaded depends on the tests before.
    "ignore:Using fork:DeprecationWarning"
)
def test_a_forked_process_has_a_link_of_its_own(probes: Probes, client: RpcClient) -> None:
    probes()
    client.call("probe", "echo", "parent", principal=PRINCIPAL, deadline=within(10))
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()

    child = fork.Process(target=_call_in_a_fork, args=(client, answers))
    child.start()
    answer = answers.get(timeout=15)
    child.join(15)

    assert answer["body"] == "child"
    again = client.call("probe", "echo", "parent", principal=PRINCIPAL, deadline=within(10))
    assert again["body"] == "parent"


def test_a_closed_client_refuses(probes: Probes, client: RpcClient) -> None:
    probes()
    client.call("probe", "echo", 1, principal=PRINCIPAL, deadline=within(10))

    client.close()

    with pytest.raises(Unavailable):
        client.call("probe", "echo", 1, principal=PRINCIPAL, deadline=within(10))


def test_what_json_cannot_carry_is_refused_before_it_is_sent(client: RpcClient) -> None:
    with pytest.raises(Invalid) as refused:
        client.call("probe", "echo", {1, 2}, principal=PRINCIPAL, deadline=within(10))

    assert refused.value.code == "malformed_request"


def test_namekos_own_client_calls_every_method_and_gets_typed_errors(standing: Standing) -> None:
    from nameko.standalone.rpc import ClusterRpcProxy

    with ClusterRpcProxy({"AMQP_URI": standing.url}, timeout=10) as cluster:
        answer = cluster.probe.echo(principal=PRINCIPAL, body={"a": 1})
        with pytest.raises(WireError) as refused:
            cluster.probe.refuse(principal=PRINCIPAL, body={"thing": "slot 7"})
        with pytest.raises(WireError) as wrong:
            cluster.probe.echo(nobody_asked_for=1)

    assert answer == {"body": {"a": 1}, "key": None, "principal": PRINCIPAL}
    error = refused.value
    assert (error.family, error.code, error.message, error.message_zh, error.details) == (
        "Conflict", "thing_taken", "slot 7 is taken.", "slot 7 已被占用。", {"thing": "slot 7"},
    )  # fmt: skip
    assert (wrong.value.family, wrong.value.code) == ("Invalid", "malformed_request")


def test_the_request_queue_is_classic_and_bounded_and_replies_go_to_an_exclusive_queue(
    standing: Standing,
) -> None:
    standing.client.call("probe", "echo", 1, principal=PRINCIPAL, deadline=within(10))
    connection = bus.connect(standing.url, name="look")
    try:
        with pytest.raises(amqp.exceptions.PreconditionFailed) as differs:
            connection.channel().queue_declare("rpc-probe", durable=True, auto_delete=False)
        with pytest.raises(amqp.exceptions.ResourceLocked):
            connection.channel().queue_declare(standing.client._reply_key, passive=True)
    finally:
        connection.cut()

    assert "x-" in str(differs.value)
