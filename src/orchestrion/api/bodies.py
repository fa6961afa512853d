"""What bodies hold: JSON that the store keeps exactly, and texts as they come."""

from typing import Annotated, Any, TypeAlias

from fastapi import Request
from pydantic import AfterValidator

from orchestrion.api.faults import FaultError
from orchestrion.core.values import problem_with


def _kept(value: dict[str, Any]) -> dict[str, Any]:
    problem = problem_with(value)
    if problem:
        raise ValueError(problem)
    return value


JsonObject: TypeAlias = Annotated[dict[str, Any], AfterValidator(_kept)]
"""A JSON object within the value domain (`core.values`)."""

TEXT_BODY: dict[str, Any] = {"requestBody": {"content": {"text/plain": {"schema": {"type": "string"}}}}}
"""How a route declares that it takes a text, whatever type the client says it has."""


async def text_of(request: Request) -> str:
    """The body of a request as a text. Raises FaultError (400)."""
    try:
        return (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FaultError(
            400, f"The body is not UTF-8: byte {error.start} belongs to no character."
        ) from error
