"""The yardstick of reads: Falcon under gunicorn, an order and its lines by psycopg2 directly.

No permission, no RPC, no schema: the same rows by the same number, as JSON.
"""

import json
import os
import threading
from typing import Any

import falcon
import psycopg2
from psycopg2.extras import RealDictCursor

_ORDER = 'select * from "order" where number = %s'
_LINES = "select * from order_line where order_id = %s order by line_no"


class _Orders:
    def __init__(self, url: str) -> None:
        self._url = url
        self._of_thread = threading.local()

    def on_get(self, _request: falcon.Request, response: falcon.Response, number: str) -> None:
        with self._cursor() as cursor:
            cursor.execute(_ORDER, (number,))
            order = cursor.fetchone()
            if order is None:
                raise falcon.HTTPNotFound
            cursor.execute(_LINES, (order["id"],))
            answer = {**order, "lines": cursor.fetchall()}
        response.data = json.dumps(answer, default=str, ensure_ascii=False).encode()
        response.content_type = "application/json"

    def _cursor(self) -> Any:
        kept = self._of_thread
        if not hasattr(kept, "database"):
            kept.database = psycopg2.connect(self._url, cursor_factory=RealDictCursor)
            kept.database.autocommit = True
        return kept.database.cursor()


def create_app() -> falcon.App[Any, Any]:
    """Build the yardstick from BENCH_DATABASE_URL."""
    app = falcon.App()
    app.add_route("/orders/{number}", _Orders(os.environ["BENCH_DATABASE_URL"]))
    return app
