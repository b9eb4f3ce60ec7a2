"""Loading a folder of books: check all, send it phase by phase, tell what is short."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.import_books.checking import Book, check, check_outside, check_salespeople
from deploy.import_books.reading import read_books
from deploy.import_books.rows import Mistake
from deploy.import_books.sending import Api, NotAnswering, Refused
from deploy.import_books.steps import MADE, THERE, OpenOrder, Phase, Step, looked_up, phases
from deploy.local.problems import Problem

AT_ONCE = 8
_TOLD_MISTAKES = 500
_LOOKS = 5
_GOES_ON = "What is in stays; importing again goes on from there."


class WrongBooks(Problem):
    """The files have mistakes; nothing was sent.

    What should be known of the files is told too: a file that was not read may be the cause.
    """

    def __init__(self, mistakes: Sequence[Mistake], remarks: Sequence[str] = ()) -> None:
        told = [*_told(mistakes), *remarks]
        plural = "" if len(mistakes) == 1 else "s"
        told.append(f"{len(mistakes)} mistake{plural}; nothing was sent.")
        super().__init__("\n".join(told))
        self.mistakes = list(mistakes)


class Incomplete(Problem):
    """The system refused some rows; what is in stays, and is not sent twice."""


def _told(mistakes: Sequence[Mistake]) -> list[str]:
    told = [str(mistake) for mistake in mistakes[:_TOLD_MISTAKES]]
    if len(mistakes) > len(told):
        told.append(f"… and {len(mistakes) - len(told)} more")
    return told


@dataclass(frozen=True)
class ShortLine:
    """A line of an open order for which not enough was free."""

    reference: str
    order_number: str
    line_no: int
    product_code: str
    quantity: Decimal
    held: Decimal


@dataclass
class Report:
    """What an import did: by kind what was made and what was there; open orders' short lines."""

    made: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    #: Rows that tell something else of what was there and was left as it is.
    otherwise: list[Mistake] = field(default_factory=list)
    open_orders: list[OpenOrder] = field(default_factory=list)
    short: list[ShortLine] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Tell it as a person would read it."""
        told = []
        for kind in self.made:
            if kind.endswith("orders"):
                told.append(f"{kind}: {self.made[kind]} recorded, or recorded before")
            else:
                told.append(f"{kind}: {self.made[kind]} new, {self.there[kind]} there already")
        told += _told(_by_place(self.otherwise))
        if self.open_orders:
            told.append(f"open orders: stock is short for {len(self.short)} lines")
        told += [
            f"  {line.reference} ({line.order_number}) line {line.line_no}: {line.product_code}, "
            f"{line.quantity:f} wanted, {line.held:f} held"
            for line in self.short
        ]
        return told


def read_and_check(folder: Path) -> Book:
    """Read a folder. Raises WrongBooks with all its mistakes, Problem if nothing is there."""
    mistakes: list[Mistake] = []
    rows, remarks = read_books(folder, mistakes)
    # A heading or a file that is none comes first: much of the rest may be its consequence.
    about_files = len(mistakes)
    book = check(rows, mistakes)
    book.remarks = remarks
    if mistakes:
        found = _by_place(mistakes[:about_files]) + _by_place(mistakes[about_files:])
        raise WrongBooks(found, remarks)
    return book


def _by_place(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """Sort them, each once: of one row several tables can be made."""
    return sorted(dict.fromkeys(mistakes), key=lambda each: (each.file, each.row))


def check_against(book: Book, api: Api) -> None:
    """Ask the system what the files do not say. Raises WrongBooks, Problem for permissions."""
    planned = phases(book, [])
    api.require({name for phase in planned for step in phase.steps for name in step.permissions})
    mistakes: list[Mistake] = []
    look = looked_up(api)
    check_outside(book, look, mistakes)
    check_salespeople(book, look, mistakes)
    if mistakes:
        raise WrongBooks(_by_place(mistakes))


def load_book(book: Book, api: Api, console: Console | None = None) -> Report:
    """Bring a checked book into the system. Raises WrongBooks, Incomplete, Problem."""
    check_against(book, api)
    report = Report()
    with _progress(console) as progress:
        try:
            for phase in phases(book, report.open_orders):
                _take(phase, api, report, progress)
        except KeyboardInterrupt:
            raise Incomplete(f"The import was stopped. {_GOES_ON}") from None
    for opened in sorted(report.open_orders, key=lambda each: each.reference):
        report.short += _short_lines(opened)
    return report


def _progress(console: Console | None) -> Progress:
    return Progress(
        TextColumn("{task.description:<18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console or Console(quiet=True),
        disable=console is None,
    )


def _take(phase: Phase, api: Api, report: Report, progress: Progress) -> None:
    """Take the steps of a phase, several at once; all are tried before any refusal is told.

    Once the system does not answer, or somebody stops it, nothing more is tried.
    """
    totals = Counter(step.kind for step in phase.steps)
    bars = {kind: progress.add_task(kind, total=total) for kind, total in totals.items()}
    for kind in totals:
        report.made[kind] += 0  # Kinds are told in the order in which they were sent.
    refused: list[Mistake] = []
    with ThreadPoolExecutor(1 if phase.in_order else AT_ONCE) as pool:
        running = {pool.submit(_taken, step, api): step for step in phase.steps}
        try:
            for done in as_completed(running):
                step = running[done]
                try:
                    did = done.result()
                except NotAnswering as away:
                    why = f"The system does not answer: {away}\n"
                    raise Incomplete(_told_refused(refused) + why + _GOES_ON) from away
                except Problem as refusal:
                    refused.append(step.row.mistake("", str(refusal)))
                else:
                    (report.made if did == MADE else report.there)[step.kind] += 1
                    if did not in (MADE, THERE):
                        report.otherwise.append(step.row.mistake("", did))
                progress.advance(bars[step.kind])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            api.ended.set()
            raise
    if refused:
        told = _told_refused(refused)
        raise Incomplete(f"{told}What is in stays; mend these rows and import again.")


def _told_refused(refused: Sequence[Mistake]) -> str:
    told = _told(_by_place(refused))
    return "".join(f"{line}\n" for line in told)


def _taken(step: Step, api: Api) -> str:
    """Take a step; what was changed by somebody between look and change is looked at again."""
    for _ in range(_LOOKS):
        try:
            return step.take(api)
        except Refused as refused:
            if refused.status != HTTPStatus.PRECONDITION_FAILED:
                raise
    return step.take(api)


def _short_lines(opened: OpenOrder) -> Iterator[ShortLine]:
    """Give the lines of an order, open still, for which less is held and shipped than wanted."""
    order, holdings = opened.page["order"], opened.page["holdings"]
    if order["stage"] != "in_progress":
        return
    known = {line["line_id"]: line for line in holdings["lines"]}
    for line in order["lines"]:
        of_line = known.get(line["id"], {"held": 0, "consumed": 0})
        held, quantity = Decimal(of_line["held"]), Decimal(line["quantity"])
        if not line["short_closed"] and held + Decimal(of_line["consumed"]) < quantity:
            yield ShortLine(
                opened.reference,
                opened.number,
                line["line_no"],
                line["product_code"],
                quantity,
                held,
            )
