"""The benchmark itself: that it runs through and tells all its figures; no time is judged here."""

import json
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from falcon.routing import CompiledRouter

from deploy.commands import bench
from deploy.demo.people import API
from deploy.local.engines import Engines
from gateway.app import OPERATIONS
from tests.bench import load, run, searches
from tests.bench.books import Filled, Size
from tests.forks import ForkedProcess
from tests.templates import Templates

TINY = run.Extent(
    rpc_rounds=1,
    rpc_seconds=0.2,
    submit_rounds=1,
    submit_seconds=0.5,
    sql_seconds=0.2,
    read_rounds=1,
    read_seconds=0.2,
    small=Size(300, 60),
    large=Size(600, 120),
    search_rounds=searches.Rounds(count=1, turns=1, looks=1),
    products=3,
    idle_seconds=0.5,
)


def test_a_run_tells_every_figure_of_the_issue(
    engines: Engines, templates: Templates, session_tag: str
) -> None:
    said: list[str] = []

    figures = run.measure_on(
        engines,
        TINY,
        said.append,
        tag=f"{session_tag}_bench",
        begin=ForkedProcess,
        templates=templates,
    )

    assert sorted(figures) == [
        "drain_s",
        "idle_cpu_percent",
        "idle_mb_max",
        "read_ratio_wsgi",
        "rpc_ratio_kombu",
        "rpc_ratio_nameko",
        "search_growth",
        "search_p95_ms",
        "submit_cpu_ms",
        "submit_p95_ms",
        "submit_ratio_sql",
        "submits_per_s",
    ]
    assert {type(value) for value in figures.values()} == {float}
    # At rest, and with engines that others started, the processor's clock may not tick at all.
    assert [key for key, value in figures.items() if value < 0] == []
    assert figures["submits_per_s"] > 0


def test_the_command_writes_the_figures_it_prints(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    measured = dict.fromkeys(run.KEYS, 1.0) | {"rpc_ratio_nameko": 2.5, "drain_s": 15.1}
    asked: list[run.Extent] = []

    def measure(extent: run.Extent, _say: object) -> dict[str, float]:
        asked.append(extent)
        return measured

    monkeypatch.setattr(run, "measure", measure)
    target = tmp_path / "figures.json"
    told = CliRunner().invoke(bench.command, ["--quick", "--json", str(target)])
    assert told.exit_code == 0
    assert asked == [run.QUICK]
    assert json.loads(target.read_text()) == measured
    lines = told.output.splitlines()
    assert lines[0] == "rpc_ratio_nameko          2.5   ≥ 2.5  reached"
    assert lines[6] == "drain_s                  15.1   ≤ 15  not reached"


def test_every_list_of_the_api_is_searched() -> None:
    filled = Filled(
        Size(1, 1), "C", "杭州兴旺纸品1有限公司", "13900000000", "D", "P", "Q", "s", "M"
    )
    asked = [address for _, address in searches.asked(filled, date(2026, 11, 28)).values()]
    routes = CompiledRouter()
    lists = {
        operation.url
        for operation in OPERATIONS
        if operation.method == "GET"
        and operation.answer is not None
        and "items" in operation.answer().fields
        and (operation.query is not None or operation.path.endswith("/attachments"))
    }
    for url in lists:
        routes.add_route(url, _Anything())
    found = (routes.find(urlsplit(address).path) for address in asked)

    missed = lists - {one[3] for one in found if one is not None} - NO_LISTS
    assert missed == set()


class _Anything:
    def on_get(self, request: object, response: object, **params: str) -> None: ...


#: What answers items that are no rows: offers and demands are reckoned, a board is one centre's.
NO_LISTS = {
    f"{API}/carriers/offers",
    f"{API}/products/{{product_code}}/material-demand",
    f"{API}/work-centres/{{code}}/board",
}


def test_a_percentile_is_a_time_that_was_measured() -> None:
    took = [float(number) for number in range(20, 0, -1)]
    assert load.percentile(took, 95) == 19.0
    assert load.percentile([3.0], 95) == 3.0


def test_a_figure_of_searches_is_the_median_of_its_rounds() -> None:
    taken = searches.Taken(small=[2.0, 4.0, 50.0], full=[4.0, 6.0, 60.0])
    assert (taken.small_p95_ms, taken.full_p95_ms, taken.growth) == (4.0, 6.0, 1.5)
