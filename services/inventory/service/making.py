"""Entrypoints of works instructions, the daily production report, hold and stop."""

from typing import Any

from chassis.database import Work
from chassis.errors import plain
from chassis.schema import dump
from chassis.service import Service, command, query
from services.inventory.schemas import instructions as schemas
from services.inventory.use_cases import (
    further,
    instruction_pages,
    instructions,
    making_actions,
    production,
    stops,
)

Request = dict[str, Any]


class Making(Service):
    """The making of one line, from the drafted instruction to goods in stock."""

    @command(schemas.IssueInstruction, derived_key=True)
    def issue_instruction(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.issue_instruction(work, **request))

    @command(schemas.PlanFurther)
    def plan_further_instruction(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(further.plan_further(work, **request))

    @command(schemas.AcceptInstruction)
    def accept_instruction(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.accept_instruction(work, **request))

    @command(schemas.Move)
    def start_instruction(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.start_instruction(work, **request))

    @command(schemas.ReportProduction)
    def report_production(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(production.report_production(work, **request))

    @command(schemas.CorrectReport)
    def correct_production_report(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(production.correct_report(work, **request))

    @command(schemas.MarkAbnormal)
    def mark_instruction_abnormal(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.mark_abnormal(work, **request))

    @command(schemas.Move)
    def resume_instruction(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.resume_instruction(work, **request))

    @command(schemas.FinishInstruction)
    def finish_instruction(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.finish_instruction(work, **request))

    @command(schemas.InspectInstruction)
    def inspect_instruction(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.inspect_instruction(work, **request))

    @command(schemas.Move)
    def countersign_inspection(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.countersign_inspection(work, **request))

    @command(schemas.RecordConsent)
    def record_customer_consent(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.record_customer_consent(work, **request))

    @command(schemas.StockIn)
    def stock_in_instruction(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(instructions.stock_in(work, **request))

    @command(schemas.ConsentToStop)
    def consent_to_stop(self, work: Work, request: Request) -> Any:
        return schemas.instruction_view(stops.consent_to_stop(work, **request))

    @query(schemas.GetInstruction)
    def get_instruction(self, work: Work, request: Request) -> Any:
        return schemas.page_view(instruction_pages.get_instruction(work, request["number"]))

    @query(schemas.SearchInstructions)
    def search_instructions(self, work: Work, request: Request) -> Any:
        page = instruction_pages.search_instructions(work, **request)
        return dump(schemas.InstructionPage, page)

    @query(schemas.InstructionsAtRisk)
    def list_instructions_at_risk(self, work: Work, request: Request) -> Any:
        """Give what is, or will be, late or behind plan: warned of before it happens."""
        found = instruction_pages.instructions_at_risk(work, **request)
        return {"items": dump(schemas.RiskView, found, many=True)}

    @query(schemas.DailyReport)
    def list_production_reports(self, work: Work, request: Request) -> Any:
        """Give the daily production report of some days."""
        page = production.daily_report(work, **request)
        items = dump(schemas.DailyEntry, page.items, many=True)
        return {"items": items, "next": page.next}

    @query(schemas.GetInstruction)
    def list_instruction_actions(self, work: Work, request: Request) -> Any:
        return {"items": plain(making_actions.list_instruction_actions(work, request["number"]))}

    @command(schemas.BlockOrder, derived_key=True)
    def block_order(self, work: Work, request: Request) -> Any:
        stops.block_order(work, command_id=str(work.key), **request)
        return {}

    @command(schemas.UnblockOrder, derived_key=True)
    def unblock_order(self, work: Work, request: Request) -> Any:
        stops.unblock_order(work, **request)
        return {}

    @command(schemas.StopOrder, derived_key=True)
    def stop_order(self, work: Work, request: Request) -> Any:
        return dump(schemas.Stopped, {"instructions": stops.stop_order(work, **request)})
