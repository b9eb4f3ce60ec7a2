"""Issue: the factory is told to make one line, once sign-back and money allow it."""

from typing import Any
from uuid import UUID

from chassis.conversation import Conversation, Talk, nothing
from chassis.database import Work
from services.orders.conversations import busy
from services.orders.domain.errors import CreditStopped, GradeTooLow, MoneyNeeded
from services.orders.schemas import commands, views
from services.orders.storage import orders


def _begin(work: Work, conversation_id: UUID, request: dict[str, Any]) -> dict[str, Any]:
    order = orders.order_by_number(work, request["order_number"], lock=True)
    line = order.guard_issuing(request["line_no"], request["expected_version"])
    return {
        **busy.mark(work, order, conversation_id),
        "order_number": order.number,
        "line_id": str(line.id),
        "sign_back_verified": order.sign_back_verified,
        "order": views.order(order, work.today),
    }


def _ask(talk: Talk) -> None:
    notes, request = talk.notes, talk.request
    number = notes["order_number"]
    terms = talk.query("customers", "check_production_terms", {"order_id": notes["order_id"]})
    # The grade is read at this moment: a demotion since the confirmation bites (SPEC §4).
    if not notes["sign_back_verified"] and not terms["instruction_before_sign_back"]:
        raise GradeTooLow(order_number=number, grade=terms["grade"])
    if terms["credit_stop"]:
        raise CreditStopped(order_number=number)
    if not terms["money_met"]:
        raise MoneyNeeded(
            order_number=number, needed=terms["money_needed"], verified=terms["money_verified"]
        )
    talk.ask(
        "instruction",
        "inventory",
        "issue_instruction",
        {
            "order": notes["order"],
            "line_id": notes["line_id"],
            "packing": request["packing"],
            "special_rules": request["special_rules"],
            "signed_by": talk.principal.name,
        },
    )


def _finish(work: Work, talk: Talk) -> dict[str, Any]:
    order = busy.order_of(work, talk)
    instruction = talk.answers["instruction"]
    line = order.line(talk.request["line_no"])
    line.hear_of_instruction(instruction["number"], 0)
    if line.production in (None, "draft"):
        line.production = line.instruction_follows = "issued"
    work.announce(*order.start(work.now))
    work.log(
        "order",
        order.number,
        "issue_instruction",
        changes={f"line {line.line_no}": [None, instruction["number"]]},
    )
    work.session.flush()
    return views.order_in_full(order, instruction=instruction)


# Issued is issued: past its deadline it is carried on, and a refusal of inventory's, its only
# step that changes anything, has changed nothing.
ISSUE_INSTRUCTION = Conversation(
    kind="issue_instruction",
    schema=commands.IssueInstruction(),
    begin=_begin,
    ask=_ask,
    finish=_finish,
    undo=nothing,
    abandon=busy.free,
)
