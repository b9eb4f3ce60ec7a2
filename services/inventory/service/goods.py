"""Entrypoints of finished stock, arrivals, transfers and wishes."""

from typing import Any

from chassis.database import Work
from chassis.errors import plain
from chassis.schema import dump
from chassis.service import NoBody, Service, command, query
from services.inventory.schemas import arrivals as arrival_schemas
from services.inventory.schemas import stock as stock_schemas
from services.inventory.schemas import views
from services.inventory.use_cases import (
    arrivals,
    goods_actions,
    looking,
    stock,
    transfers,
    wishes,
    work_list,
)

Request = dict[str, Any]


class Goods(Service):
    """What is in stock, comes in, and moves between stores."""

    @command(stock_schemas.CreateStore)
    def create_store(self, work: Work, request: Request) -> Any:
        store = stock.create_store(work, request["store_code"], request["name"])
        return dump(stock_schemas.StoreView, store)

    @query(NoBody)
    def list_stores(self, work: Work, request: Request) -> Any:  # noqa: ARG002  nothing is asked
        return {"items": dump(stock_schemas.StoreView, stock.list_stores(work), many=True)}

    @command(stock_schemas.BookStock)
    def book_stock(self, work: Work, request: Request) -> Any:
        product, key, balance = stock.book_stock(work, request.pop("product_code"), **request)
        return {
            "product_code": product.code,
            "store_code": key.store_code,
            "condition": str(key.condition),
            **views.amounts(balance),
        }

    @query(stock_schemas.ListStock)
    def list_stock(self, work: Work, request: Request) -> Any:
        page = stock.list_stock(work, **request)
        return {"items": [views.stock_view(*row) for row in page.items], "next": page.next}

    @query(stock_schemas.ListMovements)
    def list_movements(self, work: Work, request: Request) -> Any:
        page = stock.list_movements(work, **request)
        items = dump(stock_schemas.MovementView, page.items, many=True)
        return {"items": items, "next": page.next}

    @query(stock_schemas.ShortAnswers)
    def get_short_answers(self, work: Work, request: Request) -> Any:
        """Give, for the desk, what is free now, comes next, and could be had instead."""
        return {"items": plain(looking.short_answers(work, request["product_codes"]))}

    @command(arrival_schemas.ExpectArrival)
    def expect_arrival(self, work: Work, request: Request) -> Any:
        return _arrival(arrivals.expect_arrival(work, **request))

    @command(arrival_schemas.ReceiveArrival)
    def receive_arrival(self, work: Work, request: Request) -> Any:
        return _arrival(arrivals.receive_arrival(work, **request))

    @command(arrival_schemas.PostponeArrival)
    def postpone_arrival(self, work: Work, request: Request) -> Any:
        return _arrival(arrivals.postpone_arrival(work, **request))

    @command(arrival_schemas.CancelArrival)
    def cancel_arrival(self, work: Work, request: Request) -> Any:
        return _arrival(arrivals.cancel_arrival(work, **request))

    @query(arrival_schemas.ArrivalKey)
    def get_arrival(self, work: Work, request: Request) -> Any:
        return _arrival(arrivals.get_arrival(work, request["number"]))

    @query(arrival_schemas.ListArrivals)
    def list_arrivals(self, work: Work, request: Request) -> Any:
        page = arrivals.list_arrivals(work, **request)
        return {"items": [views.arrival_view(*row) for row in page.items], "next": page.next}

    @query(arrival_schemas.ArrivalKey)
    def list_arrival_actions(self, work: Work, request: Request) -> Any:
        return {"items": goods_actions.arrival_actions(work, request["number"])}

    @command(arrival_schemas.RequestTransfer)
    def request_transfer(self, work: Work, request: Request) -> Any:
        return views.transfer_view(*transfers.request_transfer(work, **request))

    @command(arrival_schemas.TransferMove)
    def consent_transfer(self, work: Work, request: Request) -> Any:
        return views.transfer_view(*transfers.consent_transfer(work, **request))

    @command(arrival_schemas.TransferMove)
    def refuse_transfer(self, work: Work, request: Request) -> Any:
        return views.transfer_view(*transfers.refuse_transfer(work, **request))

    @command(arrival_schemas.TransferMove)
    def cancel_transfer(self, work: Work, request: Request) -> Any:
        return views.transfer_view(*transfers.cancel_transfer(work, **request))

    @command(arrival_schemas.TransferMove)
    def receive_transfer(self, work: Work, request: Request) -> Any:
        return views.transfer_view(*transfers.receive_transfer(work, **request))

    @query(arrival_schemas.TransferKey)
    def get_transfer(self, work: Work, request: Request) -> Any:
        return views.transfer_view(*transfers.get_transfer(work, request["number"]))

    @query(arrival_schemas.ListTransfers)
    def list_transfers(self, work: Work, request: Request) -> Any:
        page = transfers.list_transfers(work, **request)
        return {"items": [views.transfer_view(*row) for row in page.items], "next": page.next}

    @query(arrival_schemas.TransferKey)
    def list_transfer_actions(self, work: Work, request: Request) -> Any:
        return {"items": goods_actions.transfer_actions(work, request["number"])}

    @command(arrival_schemas.MakeWish)
    def make_wish(self, work: Work, request: Request) -> Any:
        return views.wish_view(*wishes.make_wish(work, **request))

    @command(arrival_schemas.WithdrawWish)
    def withdraw_wish(self, work: Work, request: Request) -> Any:
        return views.wish_view(*wishes.withdraw_wish(work, request["number"], request["note"]))

    @query(arrival_schemas.ListWishes)
    def list_wishes(self, work: Work, request: Request) -> Any:
        page = wishes.list_wishes(work, **request)
        return {"items": [views.wish_view(*row) for row in page.items], "next": page.next}

    @query(stock_schemas.ListWork)
    def list_work(self, work: Work, request: Request) -> Any:
        return {"items": plain(work_list.list_work(work, request["limit"]))}


def _arrival(arriving: arrivals.Arriving) -> Any:
    return views.arrival_view(arriving.arrival, arriving.product, arriving.material)
