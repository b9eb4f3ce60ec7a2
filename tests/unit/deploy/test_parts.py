"""How the launcher asks its own parts."""

import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from deploy.local.parts import http_answers
from deploy.local.ports import LOOPBACK, free_ports


class Quiet(SimpleHTTPRequestHandler):
    """Serves the files of its folder and says nothing of it."""

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "readyz").touch()
    with HTTPServer((LOOPBACK, 0), lambda *given: Quiet(*given, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://{LOOPBACK}:{server.server_port}"
        server.shutdown()


def test_a_part_is_asked_without_the_proxy_of_the_environment(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{LOOPBACK}:{free_ports(1)[0]}")

    assert http_answers(f"{address}/readyz")
    assert not http_answers(f"{address}/elsewhere")
