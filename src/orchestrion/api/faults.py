"""How errors are told: a status and `{"faultstring": …}`, as StackStorm's clients read them (1.3)."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from orchestrion.errors import (
    NotFound,
    OrchestrionError,
    Refused,
    SealError,
    StoreError,
    Unavailable,
    UsageError,
)

_log = logging.getLogger(__name__)

_STATUS: Final[Mapping[type[OrchestrionError], int]] = {
    UsageError: 400,
    Refused: 409,
    NotFound: 404,
    Unavailable: 503,
    SealError: 500,
    StoreError: 503,
}


class Fault(BaseModel):
    """An error: the sentence, every problem where there are several, and a command of ours to give next."""

    faultstring: str
    problems: list[str] = []
    hint: str = ""


class FaultError(Exception):
    """A request that ends in a fault. `headers` go with it."""

    def __init__(
        self,
        status: int,
        text: str,
        problems: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.status: Final = status
        self.text: Final = text
        self.problems: Final = problems
        self.headers: Final = headers


def faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares of the errors that are its own; `document` adds those of all routes."""
    return {status: {"model": Fault} for status in statuses}


def answer(
    status: int,
    text: str,
    problems: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
    hint: str = "",
) -> JSONResponse:
    """The response that tells an error."""
    content: dict[str, Any] = {"faultstring": whole(text)}
    if problems:
        content["problems"] = [*map(whole, problems)]
    if hint:
        content["hint"] = whole(hint)
    return JSONResponse(content, status, dict(headers or {}))


def whole(text: str) -> str:
    """A text that can be sent. JSON can hold halves of characters, which belong to no encoding."""
    return text.encode("utf-8", "replace").decode()


def _text_of(error: Mapping[str, Any]) -> str:
    """What is wrong with a part of a request."""
    if error["loc"] == ("body",) and isinstance(error.get("input"), bytes):
        return "The body of the request is JSON: send the header Content-Type: application/json."
    if error["type"] == "json_invalid":
        return f"Failed to parse request body: {error['ctx']['error']} (character {error['loc'][-1]})"
    if error["type"] == "bool_parsing":
        return f'Parameter "{error["loc"][-1]}" is not of type boolean'
    return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"


def add_faults(app: FastAPI, routes: Sequence[APIRoute]) -> None:
    """Let every error of an application, which has these routes, be told so."""
    app.add_exception_handler(FaultError, _of_route)
    app.add_exception_handler(OrchestrionError, _of_product)
    app.add_exception_handler(RequestValidationError, _of_input)
    app.add_exception_handler(HTTPException, partial(_of_routing, routes))
    app.add_exception_handler(Exception, _of_bug)


async def _of_route(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FaultError)
    return answer(error.status, error.text, error.problems, error.headers)


async def _of_product(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OrchestrionError)
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    return answer(status, error.message, error.problems, hint=error.hint)


async def _of_input(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    texts = tuple(_text_of(one) for one in error.errors())
    return answer(400, texts[0] if len(texts) == 1 else "The request is not valid.", texts)


async def _of_routing(routes: Sequence[APIRoute], request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return answer(404, "The resource could not be found.")
        case HTTPStatus.METHOD_NOT_ALLOWED:  # of which the framework tells only the methods of one route
            path = request.url.path
            known = {name for one in routes if one.path_regex.match(path) for name in one.methods or ()}
            return answer(405, "Method Not Allowed", headers={"Allow": ", ".join(sorted(known))})
        case HTTPStatus.BAD_REQUEST:  # the one that the framework raises where it cannot read a body
            return answer(400, f"Failed to parse request body: {_unreadable(error.__cause__)}")
        case _:
            return answer(error.status_code, str(error.detail), headers=error.headers)


def _unreadable(error: BaseException | None) -> str:
    """Why a body cannot be read as JSON, where it is not its grammar."""
    match error:
        case UnicodeDecodeError():
            return f"it is not UTF-8: byte {error.start} belongs to no character."
        case RecursionError():
            return "it is nested too deeply."
        case _:
            return "a number in it has too many digits."


async def _of_bug(_: Request, error: Exception) -> JSONResponse:
    _log.error("A request ended in a bug of Orchestrion.", exc_info=error)
    return answer(500, "Internal Server Error")
