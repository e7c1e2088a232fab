"""Request bodies → checked values, before anything else sees them: size, type, strict UTF-8, strict JSON, fields."""

from __future__ import annotations

import json
from typing import Literal, NoReturn, TypeVar
from urllib.parse import parse_qsl

import anyio
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from assistant.question import MAX_RAW_CHARS, MAX_TURNS
from web.errors import NOT_JSON, TOO_LARGE, TOO_SLOW, WRONG_FIELDS, WRONG_TYPE, WebError

# A question of 300 characters with ten turns of history takes some 20 kB in the worst encoding.
MAX_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0
MAX_FORM_FIELDS = 2 * MAX_TURNS
MAX_HISTORY_CHARS = 20_000


class TurnBody(BaseModel):
    """One earlier turn, as a client sends it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    role: Literal["user", "assistant"]
    content: str = Field(max_length=MAX_HISTORY_CHARS)


class AskBody(BaseModel):
    """The body of `POST /api/ask`. An over-long question is refused by the core, with its own message."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    question: str
    history: list[TurnBody] = Field(default_factory=list, max_length=2 * MAX_TURNS)


Body = TypeVar("Body", bound=BaseModel)


async def read_json(request: Request, kind: type[Body]) -> Body:
    """Read a JSON body as one of the kinds that are defined here or beside a route.

    Raises:
        WebError: 413, 415, 400 or 422; in none of them anything of the body.
    """
    _check_type(request, "application/json")
    body = await _read_limited(request)
    try:
        # JSON has no NaN and no Infinity; Python's reader would take them.
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise WebError(NOT_JSON) from None
    try:
        return kind.model_validate(value)
    except (ValidationError, RecursionError):
        raise WebError(WRONG_FIELDS) from None


async def read_fields(request: Request, most: int = MAX_FORM_FIELDS) -> list[tuple[str, str]]:
    """Read the fields of one of the pages' forms, `most` of them, in their order.

    Raises:
        WebError: 413, 415 or 400.
    """
    _check_type(request, "application/x-www-form-urlencoded")
    body = await _read_limited(request)
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=most)
    except ValueError:
        raise WebError(NOT_JSON) from None


async def read_form(request: Request) -> tuple[str, list[str]]:
    """Read the question and the earlier questions from the page's own form.

    Raises:
        WebError: 413, 415, 400 or 422.
    """
    fields = await read_fields(request)
    questions = [value for name, value in fields if name == "question"]
    if not questions:
        raise WebError(WRONG_FIELDS)
    earlier = [value for name, value in fields if name == "earlier"]
    # An example's button sends its own text after the field's.
    return questions[-1], [text for text in earlier if len(text) <= MAX_RAW_CHARS][-MAX_TURNS:]


def address_of(request: Request) -> str:
    """Return the client's address, as told by the proxies that are known; empty where there is none."""
    return request.client.host if request.client else ""


def _check_type(request: Request, wanted: str) -> None:
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != wanted or request.headers.get("content-encoding", "identity") != "identity":
        raise WebError(WRONG_TYPE)


async def _read_limited(request: Request) -> bytes:
    """Read the body as it comes and stop at the limit, whatever its headers say."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:12]) > MAX_BODY_BYTES:
        raise WebError(TOO_LARGE)
    body = bytearray()
    try:
        with anyio.fail_after(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise WebError(TOO_LARGE)
    except TimeoutError:
        raise WebError(TOO_SLOW) from None
    except ClientDisconnect:
        raise WebError(NOT_JSON) from None
    return bytes(body)


def _refuse(constant: str) -> NoReturn:
    raise ValueError("not a JSON number")
