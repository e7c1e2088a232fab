"""`create_app`: the server put together from built parts; errors for every route."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from assistant.assistant import Assistant
from assistant.contacts import Contacts
from assistant.errors import InvalidQuestionError
from assistant.wordings import load_wordings
from web.accessibility import load_report
from web.api import api_routes
from web.assets import Assets
from web.catalogue import LANGUAGES, load_catalogues
from web.chat import chat_routes
from web.errors import BAD_REQUEST, INTERNAL, NOT_FOUND, WRONG_METHOD, Problem, WebError, question_problem
from web.feedback import feedback_routes
from web.furigana import Furigana
from web.furigana_route import furigana_route
from web.headers import SECURITY_HEADERS, SecurityHeaders
from web.information import information_routes
from web.plan import plan_routes
from web.rendering import Renderer, environment
from web.service import Service
from web.storage.database import Database
from web.storage.feedback import FeedbackStore
from web.stream import wants_stream
from web.theme import theme_css
from web.view import View, view_of

log = logging.getLogger("web")

FOR_EVER = "public, max-age=31536000, immutable"
MIN_COMPRESSED_BYTES = 1000


def create_app(
    build: Callable[[], Assistant], contacts: Contacts, database: Database, widget_sites: Sequence[str] = ()
) -> FastAPI:
    """Return the application.

    Args:
        build: makes the assistant; called once, in the background, when the server starts.
        contacts: the city and whom to ask.
        database: where feedback is kept; the rest works without it.
        widget_sites: origins that may show the chat in a frame.

    Raises:
        ConfigurationError: a catalogue lacks a text, or the city's colour cannot be read on the page.
    """
    service = Service(build)
    renderer = Renderer(
        assets=Assets({"theme.css": theme_css(contacts.city)}),
        contacts=contacts,
        catalogues=load_catalogues(),
        wordings=load_wordings(),
        furigana=Furigana(contacts.city.readings),
        widget_sites=widget_sites,
        environment=environment(),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        database.close()

    # FastAPI's own pages for its API load from another server, and a public service has no use for them.
    app = FastAPI(title="plan-assistant", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.service = service
    app.include_router(api_routes(service))
    app.include_router(furigana_route(renderer.furigana))
    for language in LANGUAGES:
        prefix = View(language, "").url("")
        app.include_router(chat_routes(service, renderer), prefix=prefix)
        app.include_router(plan_routes(service, renderer), prefix=prefix)
        app.include_router(information_routes(service, renderer, load_report()), prefix=prefix)
        app.include_router(feedback_routes(renderer, FeedbackStore(database)), prefix=prefix)
    _add_static(app, renderer.assets)
    _add_errors(app, renderer)
    app.add_middleware(GZipMiddleware, minimum_size=MIN_COMPRESSED_BYTES)
    app.add_middleware(SecurityHeaders)
    return app


def _add_static(app: FastAPI, assets: Assets) -> None:
    @app.get("/static/{name:path}")
    async def static(name: str) -> Response:
        asset = assets.find(name)
        if asset is None:
            raise WebError(NOT_FOUND)
        return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": FOR_EVER})


def _add_errors(app: FastAPI, renderer: Renderer) -> None:
    """Say every error kindly: as JSON where a program asked, in Japanese for the API, else in the page's language."""

    def respond(request: Request, problem: Problem) -> Response:
        request_id = uuid.uuid4().hex
        view = view_of(request)
        message = renderer.message(problem, view)
        by_script = wants_stream(request) or "application/json" in request.headers.get("accept", "")
        if request.url.path.startswith("/api/") or by_script:
            body = {"error": {"code": problem.code, "message": message, "request_id": request_id}}
            return JSONResponse(body, status_code=problem.status, headers={"Cache-Control": "no-store"})
        return renderer.page("error.html", view, status=problem.status, message=message, request_id=request_id)

    async def web_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, WebError)
        return respond(request, error.problem)

    async def invalid_question(request: Request, error: Exception) -> Response:
        assert isinstance(error, InvalidQuestionError)
        return respond(request, question_problem(error.reason))

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        known = {404: NOT_FOUND, 405: WRONG_METHOD}
        response = respond(request, known.get(error.status_code, BAD_REQUEST))
        response.headers.update(error.headers or {})
        return response

    async def validation_error(request: Request, error: Exception) -> Response:
        return respond(request, BAD_REQUEST)

    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected error on %s", request.scope.get("route"), exc_info=error)
        response = respond(request, INTERNAL)
        # This response is made outside of the middleware.
        response.headers.update(SECURITY_HEADERS)
        return response

    app.add_exception_handler(WebError, web_error)
    app.add_exception_handler(InvalidQuestionError, invalid_question)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(Exception, unexpected)
