"""The API's document and Swagger UI, both served from our own machine."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import falcon

from gateway import openapi
from gateway.errors import AddressNotFound
from gateway.operations import JSON, Operation

_POLICY = (
    "default-src 'none'; connect-src 'self'; script-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
)
_ASSETS = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_PAGE = """\
<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>Gendan 跟单 API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
# Of its own file, because the page's policy lets no script run that stands in the page.
_START = """\
SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  // Its badge would ask a foreign server what it thinks of the document.
  validatorUrl: null,
});
"""


@cache
def bundle() -> Path:
    """Give the folder of swagger-ui-py that holds Swagger UI's files; its code is not loaded."""
    found = find_spec("swagger_ui")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("swagger-ui-py is not installed")
    return Path(found.submodule_search_locations[0]) / "static"


class Document:
    """GET /api/v1/openapi.json: written once, when first asked for."""

    def __init__(self, operations: Sequence[Operation], version: str) -> None:
        self._operations = operations
        self._version = version
        self._written = b""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        if not self._written:
            document = openapi.document(self._operations, version=self._version)
            self._written = json.dumps(document, ensure_ascii=False).encode()
        response.content_type = JSON
        response.data = self._written


class Page:
    """GET /docs"""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        response.content_type = falcon.MEDIA_HTML
        response.text = _PAGE
        response.set_header("Content-Security-Policy", _POLICY)


class Start:
    """GET /docs/start.js"""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        response.content_type = "text/javascript; charset=utf-8"
        response.text = _START


class Assets:
    """GET /docs/{name}: the three files of Swagger UI that the page needs, and no other."""

    def on_get(self, request: falcon.Request, response: falcon.Response, *, name: str) -> None:
        if name not in _ASSETS:
            raise AddressNotFound(path=request.path[:80])
        response.content_type = _ASSETS[name]
        response.data = (bundle() / name).read_bytes()
        response.cache_control = ["public", "max-age=86400"]
