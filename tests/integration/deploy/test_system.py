"""The whole system as end-to-end tests get it: it answers, knows its people, moves its days."""

import json
import urllib.request
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.clock_file import offset_seconds
from tests.system import System


def test_it_is_ready_and_its_people_can_sign_in(system: System) -> None:
    body = json.dumps({"username": "clerk", "password": system.passwords["clerk"]})
    request = urllib.request.Request(  # noqa: S310 - our own http address
        f"{system.url}/api/v1/session",
        data=body.encode(),
        headers={"Content-Type": "application/json", "Idempotency-Key": "sign-in-of-the-clerk"},
        method="POST",
    )

    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        signed_in = json.load(answer)

    assert signed_in["token"]


def test_its_days_pass_when_told(system: System) -> None:
    clock_file = system.wiring.clock_file
    assert clock_file is not None
    before = offset_seconds(clock_file)

    system.advance_days(1)

    assert offset_seconds(clock_file) - before == 86_400


def test_a_gateway_that_answers_on_its_port_is_not_taken_for_another(
    system: System, tmp_path: Path
) -> None:
    port = urlsplit(system.url).port
    assert port is not None

    ours = system.wiring.gateway(port)
    foreign = replace(system.wiring, run=tmp_path).gateway(port)

    assert ours.is_ready()
    assert not foreign.is_ready()
