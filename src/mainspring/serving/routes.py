"""What a service answers besides predictions: health, metadata, metrics, pages.

Starlette is imported here alone, and this when it is first asked for.
"""

from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mainspring.serving.app import App
from mainspring.serving.metrics import CONTENT_TYPE
from mainspring.serving.openapi import document
from mainspring.serving.pages import draw_docs, draw_service
from mainspring.serving.protocol import describe
from mainspring.serving.refusing import RefusedError
from mainspring.serving.settings import RELEASE

__all__ = ["cold_routes"]

_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def cold_routes() -> Starlette:
    """Return the application that answers everything but predictions."""
    routes = [
        Route("/", _page),
        Route("/docs", _docs),
        Route("/openapi.json", _openapi),
        Route("/metrics", _metrics),
        Route("/predict", _never, methods=["POST"]),
        Route("/v2", _server),
        Route("/v2/health/live", _live),
        Route("/v2/health/ready", _ready),
        Route("/v2/repository/index", _index, methods=["POST"]),
        Route("/v2/models/{name}", _model),
        Route("/v2/models/{name}/versions/{version}", _model),
        Route("/v2/models/{name}/ready", _model_ready),
        Route("/v2/models/{name}/versions/{version}/ready", _model_ready),
        Route("/v2/models/{name}/infer", _never, methods=["POST"]),
        Route("/v2/models/{name}/versions/{version}/infer", _never, methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {HTTPException: _http_error, RefusedError: _refused}
    return Starlette(routes=routes, exception_handlers=handlers)


def _app(request: Request) -> App:
    app: App = request.scope["state"]["app"]
    return app


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


async def _never(_: Request) -> Response:
    """Stands for what the application answers before these routes; it gives a wrong method its 405."""
    raise HTTPException(404)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else None
    what = {404: "There is nothing here", 405: "This method is not known here"}.get(status, "This cannot be answered")
    return _error(request, status, what, headers)


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, RefusedError) else 500
    return _error(request, status, error.what if isinstance(error, RefusedError) else "This cannot be answered")


def _error(request: Request, status: int, what: str, headers: dict[str, str] | None = None) -> Response:
    if request.url.path.startswith("/v2"):
        return _json({"error": what}, status, headers)
    identity = request.scope["state"]["identity"]
    return _json({"error": {"status": status, "what": what, "request": identity}}, status, headers)


async def _page(request: Request) -> Response:
    text = draw_service(_app(request))
    return Response(text, media_type="text/html", headers={"content-security-policy": _PAGE_POLICY})


async def _docs(request: Request) -> Response:
    app = _app(request)
    text = draw_docs(_document(app))
    return Response(text, media_type="text/html", headers={"content-security-policy": _PAGE_POLICY})


async def _openapi(request: Request) -> Response:
    return _json(_document(_app(request)))


def _document(app: App) -> dict[str, Any]:
    keys = app.keys is not None and app.keys.needed
    return document(app.answering.chain[0].served, app.limits, keys=keys)


async def _metrics(request: Request) -> Response:
    app = _app(request)
    answering = app.answering
    app.metrics.waiting.set(answering.log.waiting if answering.log else 0)
    app.metrics.swaps.set(sum(one.swaps for one in answering.chain))
    app.metrics.refused.set(sum(one.refused is not None for one in answering.chain))
    if answering.shadow is not None:
        for outcome in ("seen", "dropped", "failed"):
            app.metrics.shadow.labels(outcome).set(getattr(answering.shadow, outcome))
    return Response(app.metrics.expose(), headers={"content-type": CONTENT_TYPE})


async def _server(_: Request) -> Response:
    return _json({"name": "mainspring", "version": RELEASE, "extensions": ["binary_tensor_data"]})


async def _live(_: Request) -> Response:
    return _json({"live": True})


async def _ready(request: Request) -> Response:
    state = _app(request).state
    ready = state.ready and not state.draining
    return _json({"ready": True}) if ready else _error(request, 503, "The service stops or has not begun")


async def _index(request: Request) -> Response:
    app = _app(request)
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host", ""):
        raise RefusedError(403, "The request comes from a page of another site")
    served = app.answering.chain[0].served
    return _json([{"name": served.name, "version": served.version, "state": "READY", "reason": ""}])


async def _model(request: Request) -> Response:
    return _json(describe(_found(request)))


async def _model_ready(request: Request) -> Response:
    served = _found(request)
    return _json({"name": served.name, "ready": True})


def _found(request: Request) -> Any:
    named = request.path_params
    return _app(request).check_model(named["name"], named.get("version"))
