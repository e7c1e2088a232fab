"""`POST /feedback`: one opinion on one answer, checked field by field, answered with 2xx only when it is on the disk."""

from __future__ import annotations

import logging
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.answer import Status
from web.errors import FEEDBACK_UNAVAILABLE, FEEDBACK_UNCLEAR, WebError
from web.gate import read_fields
from web.rendering import Renderer
from web.storage.database import StorageUnavailableError
from web.storage.feedback import Feedback, FeedbackStore, Rating, Reason
from web.view import view_of

log = logging.getLogger("web")

WRITERS = 4

_ID = "^[0-9a-f]{32}$"


class FeedbackFields(BaseModel):
    """The form's fields; what does not look as this server writes it is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: str = Field(pattern=_ID)
    answer_id: str = Field(pattern=_ID)
    status: Status
    rating: Rating
    reason: Reason = ""
    passage: tuple[Annotated[str, Field(pattern="^[0-9a-zA-Z_-]{1,64}$")], ...] = Field((), max_length=20)
    index_version: str = Field(pattern="^[0-9a-zA-Z._-]{1,64}$")


def feedback_routes(renderer: Renderer, store: FeedbackStore) -> APIRouter:
    """Return the route over a store."""
    routes = APIRouter()
    # A database that is locked or slow holds some threads, and never those that questions are answered in.
    writers = CapacityLimiter(WRITERS)

    @routes.post("/feedback")
    async def give(request: Request) -> Response:
        feedback = _checked(await read_fields(request))
        try:
            await to_thread.run_sync(store.add, feedback, limiter=writers)
        except StorageUnavailableError as error:
            log.error("feedback could not be stored: %s", error)
            raise WebError(FEEDBACK_UNAVAILABLE) from None
        view = view_of(request)
        if "application/json" in request.headers.get("accept", ""):
            thanks = renderer.catalogues[view.language]("feedback.thanks")
            return JSONResponse({"message": thanks}, status_code=201, headers={"Cache-Control": "no-store"})
        return renderer.page("thanks.html", view, status=201)

    return routes


def _checked(fields: list[tuple[str, str]]) -> Feedback:
    values: dict[str, object] = {name: value for name, value in fields if name != "passage"}
    passages = tuple(value for name, value in fields if name == "passage")
    try:
        given = FeedbackFields.model_validate({**values, "passage": passages})
    except ValidationError:
        raise WebError(FEEDBACK_UNCLEAR) from None
    return Feedback(
        key=given.key,
        answer_id=given.answer_id,
        status=given.status,
        rating=given.rating,
        reason=given.reason,
        passage_ids=given.passage,
        index_version=given.index_version,
    )
