"""`create_app`: the server put together from a way to build the assistant; headers and errors for every route."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.errors import InvalidQuestionError
from web.api import api_routes
from web.errors import BAD_REQUEST, INTERNAL, NOT_FOUND, WRONG_METHOD, Problem, WebError
from web.pages import error_page, page_routes
from web.service import Service

log = logging.getLogger("web")

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def create_app(build: Callable[[], Assistant]) -> FastAPI:
    """Return the application. `build` is called once, in the background, when the server starts."""
    service = Service(build)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield

    # FastAPI's own pages for its API load from another server, and a public service has no use for them.
    app = FastAPI(title="plan-assistant", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.service = service
    app.include_router(api_routes(service))
    app.include_router(page_routes(service))
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_exception_handler(WebError, _web_error)
    app.add_exception_handler(InvalidQuestionError, _invalid_question)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(Exception, _unexpected)
    app.add_middleware(_SecurityHeaders)
    return app


class _SecurityHeaders:
    """Puts the security headers on every response, streams and errors included; pure ASGI, so that streams stay streams."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _respond(request: Request, problem: Problem) -> Response:
    request_id = uuid.uuid4().hex
    if request.url.path.startswith("/api/"):
        body = {"error": {"code": problem.code, "message": problem.message, "request_id": request_id}}
        return JSONResponse(body, status_code=problem.status, headers={"Cache-Control": "no-store"})
    return error_page(problem, request_id)


async def _web_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, WebError)
    return _respond(request, error.problem)


async def _invalid_question(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidQuestionError)
    return _respond(request, Problem(422, f"question_{error.reason}", error.message))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: NOT_FOUND, 405: WRONG_METHOD}
    response = _respond(request, known.get(error.status_code, BAD_REQUEST))
    response.headers.update(error.headers or {})
    return response


async def _validation_error(request: Request, error: Exception) -> Response:
    return _respond(request, BAD_REQUEST)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error on %s", request.scope.get("route"), exc_info=error)
    response = _respond(request, INTERNAL)
    # This response is made outside of the middleware.
    response.headers.update(SECURITY_HEADERS)
    return response
