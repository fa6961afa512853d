"""The OpenAPI document: what FastAPI says of each route, and what holds for all of them, told here once.

A route itself declares only the errors of its own (`faults`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute

from orchestrion import __version__
from orchestrion.api.access import CREDENTIALS, operations_of
from orchestrion.api.faults import FaultError, add_faults, faults

_EVERYWHERE: Final = (403, 408, 413, 503)
"""What every route may answer: the server refuses a request before it looks at it, or is about to stop."""

_ABOUT: Final = (
    "With one port for all (`--port`) the paths are as they stand here. On StackStorm's ports the log-in is "
    "at `/tokens` on 9100, all else on 9101. The event stream has no end, and is not described."
)
_TOTAL: Final[Mapping[str, Any]] = {
    "X-Total-Count": {
        "description": "How many there are in all.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    }
}


class Application(FastAPI):
    """An application with these routes, and the whole document. `is_open`: nobody is asked who they are."""

    def __init__(self, routers: Sequence[APIRouter], *, is_open: bool) -> None:
        super().__init__(
            title="Orchestrion",
            version=__version__,
            description=_ABOUT,
            openapi_url="/v1/openapi.json",
            docs_url=None,
            redoc_url=None,
            responses=faults(*_EVERYWHERE),
            dependencies=[Depends(check_plan)],
        )
        for router in routers:
            self.include_router(router)
        self._is_open: Final = is_open
        self._declared: Final = declared(routers)
        add_faults(self, self._declared)

    def openapi(self) -> dict[str, Any]:
        """The document. It is made when it is asked for first."""
        if self.openapi_schema is None:
            document = super().openapi()
            for route, operation in self._described(document):
                _complete(operation, asks=any(operations_of(route.dependant)))
                if self._is_open:
                    operation.pop("security", None)
                    operation["responses"].pop("401", None)
            components = document["components"]
            components["securitySchemes"] = {
                "password": {"type": "http", "scheme": "basic"},
                **{name: {**how} for name, how in CREDENTIALS.items()},
            }
            for name in ("HTTPValidationError", "ValidationError"):
                components["schemas"].pop(name, None)
        return super().openapi()

    def _described(self, document: Mapping[str, Any]) -> Iterator[tuple[APIRoute, dict[str, Any]]]:
        for route in self._declared:
            if route.include_in_schema:
                for method in route.methods or ():
                    yield route, document["paths"][route.path_format][method.lower()]


def check_plan(request: Request) -> None:
    """Raise FaultError (400) where the plan of something is asked for that has none: it would be done."""
    names = {one.alias for one in request.scope["route"].dependant.query_params}
    if request.method != "GET" and "plan" in request.query_params and "plan" not in names:
        raise FaultError(400, "There is no plan of this request, and nothing was done: leave out ?plan.")


def declared(routers: Iterable[APIRouter]) -> list[APIRoute]:
    """The routes of some routers."""
    return [one for router in routers for one in router.routes if isinstance(one, APIRoute)]


def _complete(operation: dict[str, Any], *, asks: bool) -> None:
    """Add what a route does not say itself. `asks`: it asks who somebody is."""
    answers: dict[str, Any] = operation["responses"]
    fault = answers["403"]["content"]
    answers.pop("422", None)  # FastAPI's own way to tell that the input is wrong
    if "parameters" in operation or "requestBody" in operation:
        answers["400"] = {"description": "Bad Request", "content": fault}
    if asks:
        answers["401"] = {"description": "Unauthorized", "content": fault}
        operation["security"] = [{name: []} for name in CREDENTIALS]
    for status, answer in answers.items():
        if status >= "400":  # whatever the type of the answers that tell no error
            answer["content"] = {"application/json": next(iter(answer["content"].values()))}
    if {"limit", "offset"} <= {one["name"] for one in operation.get("parameters", ())}:
        answers["200"]["headers"] = {**_TOTAL}
    operation["responses"] = dict(sorted(answers.items()))
