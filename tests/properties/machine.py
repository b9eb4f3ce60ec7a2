"""Random people do random things with a few orders; after each step every promise is checked.

What is drawn are names of verbs, roles and places and small numbers, so that a failing case
prints as a script; the commands that each step came to stand between its lines.
"""

import functools
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
)

from deploy.demo import shipping
from deploy.demo.world import SIGNATORY, World
from gateway.permissions import TABLE
from tests.faults.ledger import same
from tests.properties.bodies import MAY, body_of
from tests.properties.deals import (
    KINDS,
    ORDERED,
    PLACES,
    Cast,
    Deal,
    Thing,
    bring,
    instruction_of,
    read_back,
    things_of,
)
from tests.properties.house import PEOPLE, Command, House, Told
from tests.properties.watch import Standing

#: Of one example; more are the story's to tell.
MOST_DAYS = 3
NTH = st.integers(min_value=0, max_value=11)
KIND = st.sampled_from(KINDS)
MOVE = st.sampled_from([f"{kind} {verb}" for kind, verbs in MAY.items() for verb in verbs])
ROLE = st.sampled_from(PEOPLE)
GRADE = st.sampled_from(("A", "B", "C"))
# Those who may, and one who may not.
PAYEE = st.sampled_from(("clerk", "finance", "warehouse"))
REQUESTER = st.sampled_from(("clerk", "planner"))
OPENER = st.sampled_from(("aftersales", "clerk"))
PLACE = st.sampled_from(PLACES)
SUPPLY = st.sampled_from(("make", "stock"))

# A cancel that is refused was announced and is on record: others were asked (SPEC §5). A copy
# that does not bind the customer is filed with the reason.
_LEAVES_ITS_TRACE = {
    "cancel": {
        "orders.order",
        "orders.change_log",
        "orders.outbox",
        "inventory.order_copy",
        "shipping.order_copy",
        "shipping.order_lock",
        "shipping.shipment",
        "shipping.order_block",
    },
    "verify_sign_back": {"orders.sign_back", "orders.change_log"},
}
# Moves of which one alone can win, however many try at once.
_ONCE = {
    "draft",
    "send_confirmation",
    "verify_sign_back",
    "confirm_by_grade",
    "issue_instruction",
    "cancel",
    "close",
    "accept",
    "start",
    "finish",
    "countersign",
    "stock_in",
    "check",
    "hand",
    "pick",
    "pack",
    "dispatch",
    "report_signature",
    "verify",
    "reject",
    "reverse",
    "acknowledge",
    "authorise",
    "receive",
    "settle",
}


def step(made_a: Any = rule, **arguments: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a method a rule, or what else Hypothesis has, after which every promise is checked.

    Hypothesis' own invariants would stand between all lines of the script.
    """

    def decorate(method: Callable[..., Any]) -> Any:
        @functools.wraps(method)
        def run(self: "Desks", **drawn: Any) -> Any:
            made = method(self, **drawn)
            self.check_what_always_holds()
            return made

        return made_a(**arguments)(run)

    return decorate


class Desks(RuleBasedStateMachine):
    """The desks of the house at work on a handful of orders."""

    house: ClassVar[House]
    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.cast = Cast(self.house, World.new(self.house.company))
        #: Orders whose books were not compared since they were last touched.
        self.touched: dict[str, Deal] = {}
        self.days_passed = 0

    # -- orders come in --------------------------------------------------------------------

    @step(initialize, target=orders, at=PLACE, grade=GRADE, supply=SUPPLY)
    def an_order_stands(self, at: str, grade: str, supply: str) -> Any:
        """Have the story bring a new order to a place."""
        return self._taken(grade, supply, at=at)

    @step(target=orders, at=PLACE, grade=GRADE, supply=SUPPLY)
    def another_order_stands(self, at: str, grade: str, supply: str) -> Any:
        return self._taken(grade, supply, at=at)

    @step(target=orders, grade=GRADE)
    def a_low_price_is_asked_for(self, grade: str) -> Any:
        return self._taken(grade, "stock", at="in review", unit_price="1.90")

    def _memo(self, grade: str, supply: str, by: str) -> Deal:
        now = self.house.company.clerk.get("/session")["now"]
        body = {"channel": "phone", "asked_by": SIGNATORY, "wish": "卷纸", "reply_by": now}
        told = self.house.tell(by, "POST", "/memos", body)
        assert told.is_done, str(told)
        customer, product = self.cast.customer(grade), self.cast.product(supply)
        return self._known(Deal(told.answer["number"], customer, product, supply, last_done=told))

    def _taken(self, grade: str, supply: str, *, at: str, **line: str) -> Any:
        if at == "memo":
            return self._memo(grade, supply, "clerk")
        customer, product = self.cast.customer(grade), self.cast.product(supply)
        lines = [{"product_code": product, "quantity": str(ORDERED), **line}]
        body = self.cast.world.order_body(
            customer, product, str(ORDERED), lines=lines, submit=at != "draft"
        )
        before = self._standing()
        told = self.house.tell("clerk", "POST", "/orders", body)
        if not told.is_done:
            assert (supply, told.code) == ("stock", "stock_short"), str(told)
            self._nothing_changed(told, before)
            return multiple()
        deal = self._known(Deal(told.answer["number"], customer, product, supply, last_done=told))
        if PLACES.index(at) > PLACES.index("in review"):
            bring(self.cast, deal, at)
            self.house.say(f"    {deal} is brought to: {at}")
        return deal

    def _known(self, deal: Deal) -> Deal:
        self._touch(deal)
        return deal

    # -- what is allowed succeeds, what is not is refused -----------------------------------

    @step(order=orders, of=KIND, nth=NTH)
    def the_nth_allowed_move_is_made(self, order: Deal, of: str, nth: int) -> None:
        """Make one of the moves that anybody may make now, by somebody whose it is."""
        for thing, verb, who in self._nth_allowed(order, of, nth):
            self._move(order, thing, verb, who[nth % len(who)], half=bool(nth % 2))

    @step(order=orders, of=KIND, by=ROLE, nth=NTH)
    def all_that_is_not_allowed_is_tried(self, order: Deal, of: str, by: str, nth: int) -> None:
        """Try every move of one thing that is not for now, and one that is others' to make."""
        thing = self._thing(order, of, nth)
        before, listed = self._standing(), self._listed(thing, by)
        allowed = {verb for verb, item in listed.items() if item["allowed"]}
        may = MAY[thing.kind]
        others = sorted(verb for verb in may if by not in may[verb])
        assert allowed.isdisjoint(others), f"allowed to {by}, without permission: {allowed}"
        for verb in [*(may.keys() - allowed - set(others)), *others[nth : nth + 1]]:
            self._is_refused(self._tell(order, thing, verb, by), may[verb])
        self._nothing_changed(f"{by} tried what is not allowed of {thing.path}", before)

    @step(order=orders, move=MOVE, nth=NTH)
    def a_move_is_tried(self, order: Deal, move: str, nth: int) -> None:
        """Have somebody who has the permission make a move, whether it is its time or not."""
        of, verb = move.split()
        thing = self._thing(order, of, nth)
        if thing.kind == of:
            roles = sorted(MAY[of][verb])
            self._move(order, thing, verb, roles[nth % len(roles)])

    def _nth_allowed(self, deal: Deal, of: str, nth: int) -> list[tuple[Thing, str, Sequence[str]]]:
        """Give one move that is allowed to somebody, with whom; none of an order that is over."""
        self.house.watch.await_quiet()
        for kind in (of, "order", *KINDS):
            options = [
                (thing, item["verb"], item["who"])
                for thing in things_of(self.house, deal)
                if thing.kind == kind
                for item in self.house.page(f"{thing.path}/actions")["items"]
                if item["allowed"] and item["verb"] in MAY[kind]
            ]
            if options:
                return [options[nth % len(options)]]
        return []

    def _thing(self, deal: Deal, of: str, nth: int) -> Thing:
        self.house.watch.await_quiet()
        found = list(things_of(self.house, deal))
        of_kind = [thing for thing in found if thing.kind == of] or found[:1]
        return of_kind[nth % len(of_kind)]

    def _listed(self, thing: Thing, by: str) -> dict[str, Any]:
        """Give what is listed for somebody, by verb; nothing of what is not theirs to see."""
        response = self.house.look(f"{thing.path}/actions", by)
        if response.status_code in (403, 404):
            return {}
        assert response.status_code == 200, response.text
        return {item["verb"]: item for item in response.json()["items"]}

    def _tell(self, deal: Deal, thing: Thing, verb: str, by: str, *, half: bool = False) -> Told:
        seen = self.house.look(thing.path)
        body = body_of(self.cast, deal, thing, verb, seen.json(), half=half)
        tag = seen.headers.get("ETag")
        return self.house.tell(by, "POST", f"{thing.path}/actions/{verb}", body, if_match=tag)

    def _move(self, deal: Deal, thing: Thing, verb: str, by: str, *, half: bool = False) -> None:
        """Make a move and hold the answer against what was listed."""
        listed = self._listed(thing, by).get(verb)
        is_talked_over = bool(listed and listed["allowed"] and listed["checked_when_done"])
        before = self._standing(by_content=is_talked_over)
        stands = self._stands(deal)
        told = self._tell(deal, thing, verb, by, half=half)
        if told.is_done:
            assert listed is not None, f"not even listed: {told}"
            assert listed["allowed"], f"listed as {listed['why_not']}, and yet done: {told}"
            self._touch(deal, told)
            return
        self._is_refused(told, MAY[thing.kind][verb])
        if self._is_disturbed(before):
            return
        is_allowed = listed is not None and listed["allowed"]
        assert is_talked_over or not is_allowed, f"listed as allowed, and yet refused: {told}"
        self._nothing_changed(told, before, but=_LEAVES_ITS_TRACE.get(verb, frozenset()))
        if verb not in _LEAVES_ITS_TRACE:
            assert self._stands(deal) == stands, f"in another stage or version by {told}"

    def _stands(self, deal: Deal) -> tuple[str, int]:
        """Give in which stage an order is, and in which version."""
        page = self.house.page(deal.path)
        return page["stage"], page["version"]

    def _is_refused(self, told: Told, roles: frozenset[str]) -> None:
        assert told.is_refused, f"not refused: {told}"
        if told.command.by not in roles:
            assert (told.status, told.code) == (403, "permission_missing"), str(told)

    # -- money, dispatch, scans, returns ---------------------------------------------------

    @step(order=orders, percent=st.sampled_from((30, 70, 100, 130)), by=PAYEE)
    def money_is_said_to_be_paid(self, order: Deal, percent: int, by: str) -> None:
        total = Decimal(self.house.page(order.path)["total"]) or Decimal(200)
        amount = (total * percent / 100).quantize(Decimal("0.01"))
        body = {
            "order_number": order.number,
            "amount": str(amount),
            "method": "bank_transfer",
            "paid_at": self.house.company.clerk.get("/session")["now"],
        }
        told = self._create(order, by, "/payments", body, "payments.record")
        if told.is_done:
            order.payments.append(told.answer["number"])

    @step(order=orders, quantity=st.sampled_from(("1", "50", "100", "101")), by=REQUESTER)
    def a_dispatch_is_requested(self, order: Deal, quantity: str, by: str) -> None:
        body = {"order_number": order.number, "lines": [{"line_no": 1, "quantity": quantity}]}
        told = self._create(order, by, "/shipments", body, "shipments.request")
        if told.is_done:
            order.shipments.append(told.answer["number"])
            assert Decimal(quantity) <= ORDERED * Decimal("1.03"), f"more than is held: {told}"

    @step(order=orders, quantity=st.sampled_from(("1", "100", "101")), by=OPENER)
    def goods_are_to_come_back(self, order: Deal, quantity: str, by: str) -> None:
        body = {
            "order_number": order.number,
            "wish": "受潮",
            "lines": [{"line_no": 1, "quantity": quantity}],
        }
        told = self._create(order, by, "/cases", body, "cases.open")
        if told.is_done:
            order.cases.append(told.answer["number"])

    def _create(self, deal: Deal, by: str, path: str, body: dict[str, Any], right: str) -> Told:
        before = self._standing()
        told = self.house.tell(by, "POST", path, body)
        if told.is_done:
            assert by in TABLE[right], f"without permission: {told}"
            self._touch(deal, told)
        else:
            self._is_refused(told, TABLE[right])
            self._nothing_changed(told, before)
        return told

    @step(
        order=orders,
        kind=st.sampled_from(("pick", "pack", "load", "dispatch", "arrive", "sign")),
        parcels=st.sampled_from(("one", "all")),
        nth=NTH,
    )
    def parcels_are_scanned(self, order: Deal, kind: str, parcels: str, nth: int) -> None:
        """Scan, twice the same: the first answer counts, and rejected scans move nothing."""
        if not order.shipments:
            return
        self.house.watch.await_quiet()
        path = f"/shipments/{order.shipments[nth % len(order.shipments)]}"
        seen = self.house.page(path)
        codes = [shipping.Parcel(each["code"]) for each in seen["parcels"]]
        codes = (codes[:1] if parcels == "one" else codes) or [shipping.Parcel("NO-SUCH-PARCEL")]
        body = {"scans": [shipping.reading(code, kind) for code in codes]}
        told = self.house.tell("scanner", "POST", "/scans", body)
        assert told.is_done, str(told)
        again = self.house.tell("scanner", "POST", "/scans", body)
        for first, second in zip(told.answer["items"], again.answer["items"], strict=True):
            assert same({**first, "repeated": True}, second), f"answered anew: {again}"
        answers = {item["answer"] for item in told.answer["items"]}
        if "accepted" not in answers:
            now = self.house.page(path)
            stands = (seen["state"], seen["parcels"])
            assert (now["state"], now["parcels"]) == stands, f"moved by {told}"
        self._touch(order)

    # -- what is wrong is refused ----------------------------------------------------------

    @step(
        order=orders,
        what=st.sampled_from(("another version", "no version", "a key too long")),
        nth=NTH,
    )
    def a_move_is_badly_sent(self, order: Deal, what: str, nth: int) -> None:
        for thing, verb, who in self._nth_allowed(order, "order", nth):
            by = who[nth % len(who)]
            if self._listed(thing, by).get(verb, {"allowed": False})["allowed"]:
                self._send_badly(self._command(order, thing, verb, by), what)

    def _send_badly(self, command: Command, what: str) -> None:
        before = self._standing()
        match what:
            case "another version":
                assert command.if_match is not None
                other = int(command.if_match.strip('"')) + 1
                command, wanted = replace(command, if_match=f'"{other}"'), 412
            case "no version":
                command, wanted = replace(command, if_match=None), 428
            case _:
                command, wanted = replace(command, key="k" * 121), 400
        told = self.house.send(command)
        self.house.say(f"    with {what}: {told}")
        assert told.status == wanted, f"{wanted} expected: {told}"
        self._nothing_changed(told, before)

    @step(
        order=orders,
        what=st.sampled_from(
            (
                "a copy signed by a stranger",
                "a copy of another version",
                "more passed than made",
                "more stocked than passed",
                "a read-back of another address",
                "money of nought",
                "nought dispatched",
                "a fraction of a roll",
                "another product's line",
            )
        ),
    )
    def something_wrong_is_said(self, order: Deal, what: str) -> None:
        before = self._standing(by_content=True)
        wrong = self._wrong(order, what)
        if wrong is None:
            return
        by, path, body = wrong
        tag = self.house.look(path.partition("/actions/")[0]).headers.get("ETag")
        told = self.house.tell(by, "POST", path, body, if_match=tag)
        assert told.is_refused, f"{what}: not refused: {told}"
        self._nothing_changed(told, before, but=_LEAVES_ITS_TRACE.get(_verb(told), ()))

    def _wrong(self, deal: Deal, what: str) -> tuple[str, str, dict[str, Any]] | None:
        sign_back = f"{deal.path}/actions/verify_sign_back"
        version = self.house.page(deal.path)["confirmation_version"] or 1
        now = self.house.company.clerk.get("/session")["now"]
        payment = {"order_number": deal.number, "amount": "0", "paid_at": now}
        simple: dict[str, tuple[str, str, dict[str, Any]]] = {
            "a copy signed by a stranger": (
                "clerk", sign_back, World.copy(version, signatory="过路人"),
            ),
            "a copy of another version": ("clerk", sign_back, World.copy(version + 1)),
            "money of nought": ("finance", "/payments", payment),
            "nought dispatched": ("clerk", "/shipments", _dispatch_of(deal, 1, "0")),
            "a fraction of a roll": ("clerk", "/shipments", _dispatch_of(deal, 1, "0.5")),
            "another product's line": ("clerk", "/shipments", _dispatch_of(deal, 2, "1")),
        }  # fmt: skip
        if what in simple:
            return simple[what]
        if what == "a read-back of another address":
            return self._wrong_read_back(deal)
        instruction = instruction_of(self.house, deal)
        if instruction is None:
            return None
        path = f"/instructions/{instruction}"
        made = Decimal(self.house.page(path)["produced_quantity"])
        if what == "more passed than made":
            return "inspector", f"{path}/actions/inspect", {"passed": str(made + 1)}
        return "inspector", f"{path}/actions/stock_in", {"accepted_quantity": str(made + 1)}

    def _wrong_read_back(self, deal: Deal) -> tuple[str, str, dict[str, Any]] | None:
        if not deal.shipments:
            return None
        path = f"/shipments/{deal.shipments[-1]}"
        read = {**read_back(self.house.page(path)), "address": "别处"}
        return "assistant", f"{path}/actions/check", {"read_back": read}

    @step(order=orders, body=st.sampled_from(("the same", "another")))
    def the_last_command_is_sent_again(self, order: Deal, body: str) -> None:
        """Ask once more by the same key: the same answer, nothing done; or a refusal."""
        last = order.last_done
        if last is None:
            return
        before = self._standing()
        command = last.command
        if body == "another":
            changed = {**command.body, "note": "另一句话"}
            command = replace(command, body=changed)
        again = self.house.send(command)
        self.house.say(f"    {body} body, the same key: {again}")
        if body == "the same":
            assert again.status == last.status, f"first {last}, then {again}"
            assert same(again.answer, last.answer), f"answered anew: {again}"
        else:
            assert again.is_refused, f"another body by the same key: {again}"
        self._nothing_changed(again, before)

    # -- the world goes on -----------------------------------------------------------------

    @step(order=orders, by=st.sampled_from(("clerk", "assistant", "sales", "finance")),
          quantity=st.sampled_from(("50", "100", "120")))  # fmt: skip
    def the_order_is_edited(self, order: Deal, by: str, quantity: str) -> None:
        self.house.watch.await_quiet()
        before, seen = self._standing(), self.house.look(order.path)
        page = seen.json()
        lines = [{"product_code": order.product, "quantity": quantity}]
        body = {"lines": lines, "reason": "customer_request", "note": "改数量"}
        told = self.house.tell(by, "PATCH", order.path, body, if_match=seen.headers["ETag"])
        if told.is_done:
            assert page["stage"] in ("memo", "draft"), f"not a draft: {told}"
            self._touch(order, told)
            return
        self._is_refused(told, TABLE["orders.change"])
        is_editable = page["stage"] in ("memo", "draft") and page["customer"] is not None
        assert by == "finance" or not is_editable, str(told)
        self._nothing_changed(told, before)

    @step(order=orders, grade=GRADE)
    def the_customer_is_graded(self, order: Deal, grade: str) -> None:
        code = order.customer.code
        told = self.house.tell(
            "finance",
            "POST",
            f"/customers/{code}/actions/change_grade",
            {"grade": grade, "reason": "payment", "note": "重评"},
            if_match=self.house.look(f"/customers/{code}").headers["ETag"],
        )
        assert told.is_done or told.is_refused, str(told)
        self._touch(order)

    @precondition(lambda self: self.days_passed < MOST_DAYS)
    @step(order=orders)
    def a_day_passes(self, order: Deal) -> None:
        self.days_passed += 1
        self._touch(order)
        self.house.watch.await_quiet()
        before = self.house.watch.standing()
        self.house.system.advance_days(1)
        self.house.watch.await_daily_jobs(before)

    # -- at once ---------------------------------------------------------------------------

    @step(order=orders, of=KIND, nths=st.lists(NTH, min_size=2, max_size=4))
    def moves_are_made_at_once(self, order: Deal, of: str, nths: list[int]) -> None:
        """Let allowed moves of one thing race, each by its own person in the version it saw."""
        options = [(*found, nth) for nth in nths for found in self._nth_allowed(order, of, nth)]
        if not options:
            return
        thing = options[0][0]
        commands = [
            self._command(order, thing, verb, who[nth % len(who)])
            for of_thing, verb, who, nth in options
            if of_thing == thing
        ]
        listed = {by: self._listed(thing, by) for by in {each.by for each in commands}}
        told = self._at_once(order, commands)
        done = [_verb(each) for each in told if each.is_done]
        for verb in _ONCE:
            assert done.count(verb) <= 1, f"{verb} was won {done.count(verb)} times"
        items = [listed[each.command.by].get(_verb(each)) for each in told]
        if all(item and item["allowed"] and not item["checked_when_done"] for item in items):
            assert done, f"all lost: {', '.join(map(str, told))}"

    @step(order=orders, of=KIND, nth=NTH, times=st.integers(min_value=2, max_value=4))
    def one_command_arrives_at_once(self, order: Deal, of: str, nth: int, times: int) -> None:
        """Let the same command by the same key arrive several times: it is one."""
        for thing, verb, who in self._nth_allowed(order, of, nth):
            told = self._at_once(order, [self._command(order, thing, verb, who[0])] * times)
            answers = [each.answer for each in told if each.is_done]
            assert all(same(answer, answers[0]) for answer in answers), "one key, two answers"

    def _command(self, deal: Deal, thing: Thing, verb: str, by: str) -> Command:
        seen = self.house.look(thing.path)
        return Command(
            by,
            "POST",
            f"{thing.path}/actions/{verb}",
            body_of(self.cast, deal, thing, verb, seen.json()),
            str(uuid4()),
            seen.headers.get("ETag"),
        )

    def _at_once(self, deal: Deal, commands: Sequence[Command]) -> list[Told]:
        for command in commands:
            self.house.person(command.by)  # Sign in before the race, one after the other.
        with ThreadPoolExecutor(len(commands)) as pool:
            told = list(pool.map(self.house.send, commands))
        self._touch(deal)
        for each in told:
            self.house.say(f"    at once: {each}")
            assert each.is_done or each.is_refused, str(each)
        return told

    # -- what holds after every step -------------------------------------------------------

    def check_what_always_holds(self) -> None:
        """Check ledgers against balances now; the rest once what was announced has arrived.

        That is SPEC §5's table of what is held, and each order's status against its axes.
        """
        breaches = self.house.watch.broken_promises()
        assert not breaches, "\n".join(breaches)
        self.house.watch.await_quiet()
        ids = [self.house.watch.order_id(number) for number in self.touched]
        if self.house.watch.differences(ids):
            # A timer may have moved something between the questions to the five services.
            self.house.watch.await_quiet()
            differences = self.house.watch.differences(ids)
            assert not differences, "\n".join(differences)
        self.touched.clear()

    def _touch(self, deal: Deal, told: Told | None = None) -> None:
        self.touched[deal.number] = deal
        if told is not None:
            deal.last_done = told

    def _standing(self, *, by_content: bool = False) -> Standing:
        self.house.watch.await_quiet()
        return self.house.watch.standing(by_content=by_content)

    def _is_disturbed(self, before: Standing) -> bool:
        """Tell whether a timer may have moved something meanwhile, which is nobody's fault."""
        return self.house.watch.timers() != before.timers

    def _nothing_changed(
        self, told: object, before: Standing, *, but: Collection[str] = ()
    ) -> None:
        """Check that a refusal left everything as it was, and announced nothing.

        Where another service was asked first, the order was marked and unmarked meanwhile: then
        rows are compared by what they say, and what is kept on purpose may be seen in `but`.
        """
        after = self._standing(by_content=before.by_content)
        changed = before.changed_in(after).difference(but if before.by_content else ())
        if changed and self._is_disturbed(before):
            return
        assert not changed, (
            f"refused, and yet something changed: {told}\n  "
            f"{self.house.watch.say_what_changed(sorted(changed), before)}"
        )


def _dispatch_of(deal: Deal, line_no: int, quantity: str) -> dict[str, Any]:
    return {
        "order_number": deal.number,
        "lines": [{"line_no": line_no, "quantity": quantity}],
    }


def _verb(told: Told) -> str:
    return told.command.path.rsplit("/", 1)[1]


def desks_of(house: House) -> type[Desks]:
    """Give the machine that works in a house; Hypothesis makes one for each example."""
    return type("Desks", (Desks,), {"house": house})
