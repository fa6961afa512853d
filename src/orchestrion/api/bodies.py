"""What bodies hold: JSON that the store keeps exactly, and texts as they come."""

from typing import Any, cast

from fastapi import Request
from pydantic import BaseModel, model_validator
from pydantic_core import PydanticCustomError

from orchestrion.api.faults import FaultError
from orchestrion.core.values import problem_with


class Body(BaseModel):
    """The body of a request, a JSON object; all of it is within the value domain (`core.values`)."""

    @model_validator(mode="before")
    @classmethod
    def _is_kept(cls, value: object) -> object:
        problem = problem_with(cast("object", value)) if isinstance(value, dict) else None
        if problem:
            raise PydanticCustomError("value", "{problem}", {"problem": problem})
        return cast("object", value)


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
