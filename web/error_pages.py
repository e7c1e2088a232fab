"""Every error said kindly: as JSON where a program asked, else as a page; nothing of the input, no stack."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assistant.errors import InvalidQuestionError
from web.errors import BAD_REQUEST, CLOSED, INTERNAL, NOT_FOUND, WRONG_METHOD, Problem, WebError, question_problem
from web.headers import SECURITY_HEADERS
from web.rendering import Renderer
from web.request_log import note_outcome, request_id
from web.stream import wants_stream
from web.view import view_of

log = logging.getLogger("web")


class ErrorPages:
    """The responses to everything that goes wrong: in Japanese for the API, else in the page's language."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def respond(self, request: Request, problem: Problem) -> Response:
        """Return the response to a problem, with the request's id."""
        note_outcome(request, f"{problem.code}:{problem.identifier}" if problem.identifier else problem.code)
        found_id = request_id(request)
        view = view_of(request)
        message = self._renderer.message(problem, view)
        by_script = wants_stream(request) or "application/json" in request.headers.get("accept", "")
        response: Response
        if request.url.path.startswith("/api/") or by_script:
            body = {"error": {"code": problem.code, "message": message, "request_id": found_id}}
            response = JSONResponse(body, status_code=problem.status, headers={"Cache-Control": "no-store"})
        else:
            values = {"message": message, "request_id": found_id}
            name = "closed.html" if problem is CLOSED else "error.html"
            response = self._renderer.page(name, view, status=problem.status, **values)
        return with_retry_after(response, problem)

    def add_to(self, app: FastAPI) -> None:
        """Have an application answer its errors so."""
        app.add_exception_handler(WebError, self._web_error)
        app.add_exception_handler(InvalidQuestionError, self._invalid_question)
        app.add_exception_handler(HTTPException, self._http_error)
        app.add_exception_handler(RequestValidationError, self._validation_error)
        app.add_exception_handler(Exception, self._unexpected)

    async def _web_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, WebError)
        return self.respond(request, error.problem)

    async def _invalid_question(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, InvalidQuestionError)
        return self.respond(request, question_problem(error))

    async def _http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        known = {404: NOT_FOUND, 405: WRONG_METHOD}
        response = self.respond(request, known.get(error.status_code, BAD_REQUEST))
        response.headers.update(error.headers or {})
        return response

    async def _validation_error(self, request: Request, error: Exception) -> Response:
        return self.respond(request, BAD_REQUEST)

    async def _unexpected(self, request: Request, error: Exception) -> Response:
        log.error("unexpected error on %s", getattr(request.scope.get("route"), "path", None), exc_info=error)
        response = self.respond(request, INTERNAL)
        # This response is made outside of the middleware.
        response.headers.update(SECURITY_HEADERS)
        return response


def with_retry_after(response: Response, problem: Problem) -> Response:
    """Return a response that says when to try again, where that may help."""
    if problem.retry_after_s:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    return response
