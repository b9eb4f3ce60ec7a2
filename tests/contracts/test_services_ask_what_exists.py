"""What a service asks another is a method of that service, said in words its schema reads.

Each conversation is held with a recording neighbour: its steps run as in production, and every
body they send is read by the schema of the method asked. The code is then searched for calls,
so that none is left unheld.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.conversation import Conversation, Talk
from gateway.app import OPERATIONS
from services.customers.domain.grade import Grade
from services.inventory.domain.product import Supply
from services.orders.conversations.submit import _holdings
from tests import builders as story
from tests.contracts.declared import (
    SERVICES,
    has_a_derived_key,
    led_by,
    rpc_methods,
    schema_behind,
)

ROOT = Path(__file__).parents[2]

#: SPEC §3: who may ask whom. There is no circle in it.
MAY_ASK = {
    "orders": {"customers", "inventory", "shipping"},
    "shipping": {"customers", "inventory"},
    "customers": set(),
    "inventory": set(),
    "aftersales": set(),
}

MADE = story.an_order_in_review()
ABOUT = {"order_id": str(story.ORDER_ID), "order_number": story.ORDER_NUMBER}
CUSTOMER = {"customer_id": str(story.CUSTOMER_IDS[Grade.B])}
WHY = {"order_number": story.ORDER_NUMBER, "reason": "customer_request", "note": "改期"}
COPY = {
    "order_number": story.ORDER_NUMBER,
    "confirmation_version": 1,
    "channel": "fax",
    "signatory": "李小姐",
    "clear": True,
    "unaltered": True,
    "special_requirements_complete": True,
}
CREDIT = {
    **ABOUT,
    **CUSTOMER,
    "total": f"{MADE.total:.2f}",
    "amount": f"{MADE.credit_amount:.2f}",
    "revision": 1,
}
SHIPPED = [{"line_id": str(story.LINE_ID), "quantity": f"{story.ACCEPTED:f}"}]


def _wanting_everything() -> dict[str, Any]:
    """Give the notes of a submit that asks for stock and for credit."""
    return _holdings(story.a_draft(supply=Supply.STOCK))


#: For each conversation: what it laid down before it asks, and what its caller said.
SAID: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "create": (
        _wanting_everything(),
        {
            "channel": "phone",
            "asked_by": "李小姐",
            "customer_code": "CG-B",
            "lines": [{"product_code": "PAPER-80", "quantity": "1000"}],
            "submit": True,
        },
    ),
    "submit": (_wanting_everything(), {"order_number": story.ORDER_NUMBER}),
    "retry_credit": (CREDIT, {"order_number": story.ORDER_NUMBER}),
    "override_credit": (CREDIT, {**WHY, "text": "同意超额"}),
    "send_confirmation": (
        ABOUT | CUSTOMER,
        {
            "order_number": story.ORDER_NUMBER,
            "channel": "fax",
            "recipient": "李小姐",
            "proof_read": True,
        },
    ),
    "verify_sign_back": (ABOUT | CUSTOMER, COPY),
    "confirm_by_grade": (ABOUT | CUSTOMER, {"order_number": story.ORDER_NUMBER}),
    "issue_instruction": (
        {
            **ABOUT,
            "line_id": str(story.LINE_ID),
            "sign_back_verified": True,
            "order": story.order_view(MADE),
        },
        {"order_number": story.ORDER_NUMBER, "line_no": 1},
    ),
    "hold": (ABOUT, WHY),
    "resume": (ABOUT, WHY),
    "cancel": (ABOUT, WHY),
    "close": (ABOUT, {"order_number": story.ORDER_NUMBER}),
    "reopen": ({**CREDIT, "imported": False}, WHY),
    "request_dispatch": (
        ABOUT,
        {
            "order_number": story.ORDER_NUMBER,
            "lines": [{"line_no": 1, "quantity": "980"}],
        },
    ),
    "release_shipment": (
        {
            **ABOUT,
            **CUSTOMER,
            "rest": None,
            "before": SHIPPED,
            "lines": SHIPPED,
        },
        {"shipment_number": "S261123-000001"},
    ),
}

#: What a neighbour answers, where a step reads it.
ANSWERS: Mapping[str, Any] = {
    "customers.check_production_terms": {
        "grade": "B",
        "terms": "deposit_and_balance",
        "instruction_before_sign_back": False,
        "money_needed": "3750.00",
        "money_verified": "3750.00",
        "money_met": True,
        "credit_stop": False,
    },
    "customers.check_release": {"allowed": True},
    "customers.get_order_money": {"money": {}},
    "customers.reserve_credit": {"verdict": "passed"},
    "inventory.get_holdings": {"lines": []},
    "shipping.list_owed": {"items": []},
}


@dataclass
class Recorder:
    """A neighbour that keeps what it was asked."""

    asked: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)

    def call(
        self,
        service: str,
        method: str,
        body: Mapping[str, Any],
        *,
        principal: Mapping[str, Any],
        key: str | None = None,
        deadline: float,
    ) -> Any:
        name = f"{service}.{method}"
        self.asked.append((name, dict(body), key))
        return ANSWERS.get(name, {})


CONVERSATIONS = [(leader, each) for leader in SERVICES for each in led_by(leader)]


def held(conversation: Conversation) -> Recorder:
    """Ask and undo everything of a conversation, as one that another process took up does."""
    notes, request = SAID[conversation.kind]
    recorder = Recorder()
    talk = Talk(
        id=UUID(int=50),
        epoch=1,
        principal=story.SUPERVISOR,
        request=conversation.schema.load(request),
        notes=notes,
        caller=recorder,
        patience=float("inf"),
        taken_up=True,
    )
    conversation.ask(talk)
    conversation.undo(talk)
    return recorder


@pytest.mark.parametrize(
    ("leader", "conversation"), CONVERSATIONS, ids=lambda each: getattr(each, "kind", each)
)
def test_a_conversation_is_said_in_words_its_neighbours_read(
    leader: str, conversation: Conversation
) -> None:
    recorder = held(conversation)

    assert recorder.asked
    for name, body, _ in recorder.asked:
        service, _, method = name.partition(".")
        assert service in MAY_ASK[leader]
        assert method in rpc_methods(service)
        schema_behind(name).load(body)


def test_what_changes_something_is_asked_by_a_key_and_a_question_is_not() -> None:
    for _, conversation in CONVERSATIONS:
        for name, _, key in held(conversation).asked:
            is_question = name.partition(".")[2].startswith(("get_", "check_", "list_"))
            assert (key is None) is is_question, name


def test_steps_of_conversations_and_nothing_else_are_known_by_derived_keys() -> None:
    steps = {
        name
        for _, conversation in CONVERSATIONS
        for name, _, key in held(conversation).asked
        if key is not None
    }

    declared = {
        f"{service}.{method}"
        for service in SERVICES
        for method in rpc_methods(service)
        if has_a_derived_key(f"{service}.{method}")
    }

    assert declared == steps
    # A client's key may come again with another body, which must be refused.
    assert declared.isdisjoint(operation.rpc for operation in OPERATIONS)


def test_every_conversation_is_held_here() -> None:
    assert set(SAID) == {conversation.kind for _, conversation in CONVERSATIONS}


def test_no_call_in_the_code_is_left_out() -> None:
    held_here = {
        (leader, name)
        for leader, conversation in CONVERSATIONS
        for name, _, _ in held(conversation).asked
    }

    assert {(leader, name) for leader, name, _ in calls_in_code()} == held_here


def test_services_ask_each_other_in_no_circle() -> None:
    asks = {leader: {name.split(".")[0] for name in names} for leader, names in call_map().items()}

    assert asks == MAY_ASK
    order: list[str] = []
    while len(order) < len(asks):
        ready = [each for each in asks if each not in order and asks[each] <= set(order)]
        assert ready, f"a circle among {set(asks) - set(order)}"
        order += ready


def call_map() -> dict[str, set[str]]:
    """Give what each service asks of others, as its code says."""
    found: dict[str, set[str]] = {service: set() for service in SERVICES}
    for leader, name, _ in calls_in_code():
        found[leader].add(name)
    return found


def calls_in_code() -> Iterator[tuple[str, str, Path]]:
    """Give (asking service, "service.method", file) of each call with literal names."""
    for path in sorted((ROOT / "services").rglob("*.py")):
        leader = path.relative_to(ROOT / "services").parts[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            verb, on = node.func.attr, node.func.value
            by_talk = isinstance(on, ast.Name) and on.id == "talk"
            by_client = isinstance(on, ast.Attribute) and on.attr == "neighbours"
            if by_talk and verb in ("ask", "undo", "query"):
                names = node.args[:2] if verb == "query" else node.args[1:3]
            elif by_client:
                names = node.args[:2]
            else:
                continue
            service, method = (ast.literal_eval(each) for each in names)
            yield leader, f"{service}.{method}", path
