"""Entrypoints of statements and work centres."""

from typing import Any

from chassis.database import Work
from chassis.errors import plain
from chassis.schema import dump
from chassis.service import Service, command, query
from services.inventory.schemas import statements as schemas
from services.inventory.schemas import work_centres as centre_schemas
from services.inventory.use_cases import drafts, making_actions, statements, work_centres

Request = dict[str, Any]


class Planning(Service):
    """What is signed before an order is confirmed, and the capacity it is planned on."""

    @command(schemas.SignTechnique)
    def sign_technique(self, work: Work, request: Request) -> Any:
        return schemas.statement_view(statements.sign_technique(work, **request))

    @command(schemas.SignMaterial)
    def sign_material(self, work: Work, request: Request) -> Any:
        return schemas.statement_view(statements.sign_material(work, **request))

    @command(schemas.SignSchedule)
    def sign_schedule(self, work: Work, request: Request) -> Any:
        return schemas.statement_view(statements.sign_schedule(work, **request))

    @query(schemas.StatementOf)
    def draft_statement(self, work: Work, request: Request) -> Any:
        return dump(schemas.DraftView, drafts.draft_statement(work, **request))

    @query(schemas.StatementOf)
    def get_statement(self, work: Work, request: Request) -> Any:
        return schemas.statement_view(statements.get_statement(work, **request))

    @query(schemas.SearchStatements)
    def list_statements(self, work: Work, request: Request) -> Any:
        return dump(schemas.StatementPage, statements.search_statements(work, **request))

    @query(schemas.StatementsOf)
    def list_statement_actions(self, work: Work, request: Request) -> Any:
        items = making_actions.list_statement_actions(work, request["order_number"])
        return {"items": plain(items)}

    @command(centre_schemas.CreateWorkCentre)
    def create_work_centre(self, work: Work, request: Request) -> Any:
        return centre_schemas.work_centre_view(work_centres.create_work_centre(work, request))

    @command(centre_schemas.ChangeWorkCentre)
    def change_work_centre(self, work: Work, request: Request) -> Any:
        why = {name: request.pop(name) for name in ("expected_version", "reason", "note")}
        code = request.pop("code")
        centre = work_centres.change_work_centre(work, code, request, **why)
        return centre_schemas.work_centre_view(centre)

    @query(centre_schemas.GetWorkCentre)
    def get_work_centre(self, work: Work, request: Request) -> Any:
        return centre_schemas.work_centre_view(work_centres.get_work_centre(work, request["code"]))

    @query(centre_schemas.SearchWorkCentres)
    def list_work_centres(self, work: Work, request: Request) -> Any:
        page = work_centres.search_work_centres(work, **request)
        return dump(centre_schemas.WorkCentrePage, page)

    @query(centre_schemas.GetBoard)
    def get_work_centre_board(self, work: Work, request: Request) -> Any:
        """Give what is booked on a work centre, day by day."""
        days = work_centres.board(work, request.pop("code"), **request)
        return centre_schemas.board_view(days)
