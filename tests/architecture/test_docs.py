"""The documents say what the code says: maps, features, settings, commands and links."""

import ast
import dataclasses
import re
import tomllib
from functools import cache
from pathlib import Path

import click
import pytest

from chassis.settings import Settings
from deploy.cli import cli
from tests.architecture.rooms import ROOT
from tests.architecture.write_docs import PAGE, PART, PARTS, written

DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]

LAST_ITEMS = {"O": 39, "C": 12, "I": 16, "S": 19, "A": 13, "G": 9, "R": 12, "X": 10}
ITEMS = [f"{letter}{n}" for letter, last in LAST_ITEMS.items() for n in range(1, last + 1)]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


# -- architecture.md -----------------------------------------------------------------------------


def test_the_maps_of_the_architecture_page_are_the_codes() -> None:
    """If this fails: `python -m tests.architecture.write_docs`."""
    page = PAGE.read_text("utf-8")

    assert {part["name"] for part in PART.finditer(page)} == set(PARTS)
    assert written(page) == page


# -- features.md ---------------------------------------------------------------------------------


@cache
def feature_rows() -> list[list[str]]:
    lines = (DOCS / "features.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return rows[2:]


@cache
def docstrings_in(path: Path) -> str:
    """Give every docstring of a test file."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return "\n".join(ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds))


def test_every_item_is_listed_once_and_in_order() -> None:
    assert len(ITEMS) == 130
    assert [row[0] for row in feature_rows()] == ITEMS


def test_the_counts_above_the_table_are_the_tables() -> None:
    states = [row[2] for row in feature_rows()]
    done, partly, later = (states.count(each) for each in ("done", "partly", "later"))

    assert done + partly + later == len(ITEMS)
    today = f"Today: {done} done, {partly} partly, {later} later."
    assert today in (DOCS / "features.md").read_text("utf-8")


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_is_proved_where_the_table_says(item: str) -> None:
    row = next(row for row in feature_rows() if row[0] == item)
    _, _, state, where, proof, note = row

    if state == "later":
        assert (where, proof) == ("—", "—")
        return
    assert where != "—"
    if state == "partly":
        assert note, "what is missing?"
    if state == "done":
        assert proof != "—"
    if proof != "—":
        test = ROOT / proof.strip("`")
        assert test.is_file()
        assert re.search(rf"\b{item}\b", docstrings_in(test)), f"{proof} does not name {item}"
    for path in re.findall(r"`((?:chassis|gateway|services)/[\w/]+\.\w+)`", where):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"`((?:orders|customers|inventory|shipping)/[\w/]+\.py)`", where):
        assert (ROOT / "services" / path).is_file(), path


# -- reliability.md ------------------------------------------------------------------------------

CITED_TEST = re.compile(r"`([a-z_/]+/test_[a-z_]+\.py)(?:::(test_[a-z_]+))?`")


def test_every_promise_and_every_row_of_the_fault_matrix_names_what_proves_it() -> None:
    page = (DOCS / "reliability.md").read_text("utf-8")
    _, _, after = page.partition("## The promises about messages")
    promises, _, after = after.partition("## The fault matrix")
    matrix, _, _ = after.partition("## Clocks")
    numbers = re.findall(r"^\| (P\d+) \|", promises, re.MULTILINE)
    proofs = [line.split("|")[-2] for line in matrix.splitlines() if line.startswith("| ")][1:]

    assert numbers == [f"P{number}" for number in range(1, 19)]
    assert len(proofs) >= 29
    unproved = [proof for proof in proofs if not re.search(r"`.*test_|strike|P\d+ above", proof)]
    assert unproved == []


def test_the_tests_that_prove_a_promise_exist() -> None:
    page = (DOCS / "reliability.md").read_text("utf-8")
    cited = CITED_TEST.findall(page)

    missing = [
        f"{path}::{name}"
        for path, name in cited
        if not (ROOT / "tests" / path).exists()
        or (name and f"def {name}(" not in (ROOT / "tests" / path).read_text("utf-8"))
    ]
    assert len(cited) > 60
    assert missing == []


# -- operations.md -------------------------------------------------------------------------------


def test_the_settings_of_every_process_are_the_documented_ones() -> None:
    page = (DOCS / "operations.md").read_text("utf-8")
    section = page.split("### Every process")[1].split("Read elsewhere")[0]
    documented = re.findall(r"^\| `GENDAN_(\w+)` \|", section, re.MULTILINE)

    assert sorted(documented) == sorted(each.name.upper() for each in dataclasses.fields(Settings))


def test_the_documented_defaults_are_those_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from chassis.settings import from_environment

    for field in dataclasses.fields(Settings):
        monkeypatch.delenv(f"GENDAN_{field.name.upper()}", raising=False)
    monkeypatch.setenv("GENDAN_AMQP_URL", "amqp://nobody@127.0.0.1:1//")
    read = dataclasses.asdict(from_environment())
    page = (DOCS / "operations.md").read_text("utf-8")
    defaults = dict(re.findall(r"^\| `GENDAN_(\w+)` \| (\S+) \|", page, re.MULTILINE))

    for name, value in read.items():
        if name != "amqp_url":
            said = "—" if value is None else f"`{value}`"
            assert defaults[name.upper()] == said, name


def test_every_documented_variable_is_read_somewhere() -> None:
    code = "".join(
        path.read_text("utf-8")
        for room in ("chassis", "gateway", "deploy")
        for path in (ROOT / room).rglob("*.py")
    )
    documented = {
        name for page in PAGES for name in re.findall(r"GENDAN_\w+", page.read_text("utf-8"))
    }

    for name in documented:
        short = re.sub(r"^GENDAN_(HTTP_)?", "", name)
        assert name in code or f'"{short}"' in code, name


# -- every page ----------------------------------------------------------------------------------


def commands_in(page: Path) -> list[list[str]]:
    """Give the words after each `./gendan` of a page, up to the end of its span or line."""
    found = re.findall(r"\./gendan ([^`\n#|&;)]+)", page.read_text("utf-8"))
    return [words.split() for words in found]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for words in commands_in(page):
        if words[0].startswith("-"):
            continue
        context = click.Context(cli)
        command = cli.get_command(context, words[0])
        assert command is not None, words
        if isinstance(command, click.Group) and words[1:2] and words[1].isalpha():
            sub = command.get_command(click.Context(command), words[1])
            assert sub is not None, words
            command = sub
        if words[0] == "test":
            continue  # its arguments are pytest's
        known = {option for parameter in command.params for option in parameter.opts}
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= known | {"--help"}, words


def test_every_command_is_documented() -> None:
    page = (DOCS / "operations.md").read_text("utf-8")

    for name in cli.list_commands(click.Context(cli)):
        assert f"`./gendan {name}" in page, name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_and_files_of_a_page_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target
    for path in re.findall(r"`((?:tests|chassis|gateway|deploy|docs)/[\w./-]+\.\w+)`", text):
        assert (ROOT / path).exists(), path


def test_every_decision_is_in_the_list() -> None:
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (DOCS / "decisions" / "README.md").read_text())

    assert listed == sorted(path.name for path in (DOCS / "decisions").glob("[0-9]*.md"))


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        for target in re.findall(r"\]\(([^)#\s]+\.md)\)", page.read_text("utf-8")):
            linked = (page.parent / target).resolve()
            if linked not in reached and linked.is_relative_to(ROOT):
                ahead.append(linked)

    assert set(PAGES) - reached == set()


def test_the_python_of_the_readme_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    version = project["requires-python"].strip("=.*")
    assert f"Python {version}" in (ROOT / "README.md").read_text("utf-8")
