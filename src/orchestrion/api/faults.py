"""How errors are told: a status and `{"faultstring": …}`, as StackStorm's clients read them (1.3)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
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
    """An error: the sentence, and every single problem where there are several."""

    faultstring: str
    problems: list[str] = []


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
    """What a route declares of the errors that it may end in; 400, 401, 403, 413 and 503 every route may."""
    return {status: {"model": Fault} for status in (400, 401, 403, 413, 503, *statuses)}


def answer(
    status: int, text: str, problems: tuple[str, ...] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The response that tells an error."""
    content: dict[str, Any] = {"faultstring": text}
    if problems:
        content["problems"] = [*problems]
    return JSONResponse(content, status, dict(headers or {}))


def _text_of(error: Mapping[str, Any]) -> str:
    """What is wrong with a part of a request."""
    if error["type"] == "bool_parsing":
        return f'Parameter "{error["loc"][-1]}" is not of type boolean'
    if error["type"] == "json_invalid":
        return f"Failed to parse request body: {error['ctx']['error']}"
    return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"


def add_faults(app: FastAPI) -> None:
    """Let every error of an application be told so."""
    app.add_exception_handler(FaultError, _of_route)
    app.add_exception_handler(OrchestrionError, _of_product)
    app.add_exception_handler(RequestValidationError, _of_input)
    app.add_exception_handler(HTTPException, _of_routing)
    app.add_exception_handler(Exception, _of_bug)


async def _of_route(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FaultError)
    return answer(error.status, error.text, error.problems, error.headers)


async def _of_product(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OrchestrionError)
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    return answer(status, error.message, error.problems)


async def _of_input(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    texts = tuple(_text_of(one) for one in error.errors())
    return answer(400, texts[0] if len(texts) == 1 else "The request is not valid.", texts)


async def _of_routing(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    is_unknown = error.status_code == HTTPStatus.NOT_FOUND
    text = "The resource could not be found." if is_unknown else str(error.detail)
    return answer(error.status_code, text, headers=error.headers)


async def _of_bug(_: Request, error: Exception) -> JSONResponse:
    _log.error("A request ended in a bug of Orchestrion.", exc_info=error)
    return answer(500, "Internal Server Error")
