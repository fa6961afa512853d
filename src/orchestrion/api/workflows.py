"""Workflow files: what is wrong with them (stackstorm-api 3.1), and their graphs. They come as plain text."""

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from orchestrion.actions.metadata import workflow_path
from orchestrion.actions.metadata_file import read_text
from orchestrion.api.access import Caller, allowed
from orchestrion.api.bodies import TEXT_BODY, text_of
from orchestrion.api.faults import faults
from orchestrion.api.served import Served, served_by
from orchestrion.client.inspecting import Finding, Report, report_of
from orchestrion.client.targets import workflow_action
from orchestrion.client.workflows import graph_of_text
from orchestrion.wire.graphs import GraphObject, graph_object

routes = APIRouter(prefix="/v1", tags=["workflows"])

TheServed = Annotated[Served, Depends(served_by)]
TheText = Annotated[str, Depends(text_of)]
TheCaller = Annotated[Caller, Depends(allowed("workflow.inspect"))]

_SENT: Final = Path("workflow")
"""What a text is called that was sent without its name."""


class Problem(BaseModel):
    """A problem as StackStorm tells it. `language` and `expression` only where it is one of an expression."""

    model_config = ConfigDict(extra="forbid")

    type: str
    message: str
    spec_path: str | None
    schema_path: str | None
    language: str | None = None
    expression: str | None = None


class Place(BaseModel):
    """A problem or a warning for people, and where it stands; line and column count from 1."""

    line: int
    column: int
    message: str


class Inspection(BaseModel):
    """All that an inspection has found. `unable`: those of the warnings about actions that cannot run here.

    `errors` is StackStorm's list, with line and column.
    """

    problems: list[Place]
    warnings: list[Place]
    unable: list[Place]
    errors: list[dict[str, Any]]


@routes.post(
    "/workflows/inspect",
    response_model_exclude_unset=True,
    openapi_extra=TEXT_BODY,
)
def inspect(text: TheText, served: TheServed, _caller: TheCaller) -> list[Problem]:
    """List what is wrong with a workflow, exactly as StackStorm does; an empty list: nothing."""
    return [
        Problem(**{name: value for name, value in error.items() if name not in ("line", "column")})  # pyright: ignore[reportArgumentType]  # of the same names
        for error in report_of(text, _SENT, served.catalog).stackstorm
    ]


@routes.post("/workflows/report", openapi_extra=TEXT_BODY)
def report(text: TheText, served: TheServed, _caller: TheCaller) -> Inspection:
    """The same with lines, hints and warnings."""
    return _inspection(report_of(text, _SENT, served.catalog))


@routes.get("/workflows/{ref}/report", responses=faults(404, 409))
def report_on(ref: str, served: TheServed, _caller: TheCaller) -> Inspection:
    """The same of a workflow of a pack."""
    path = workflow_path(workflow_action(ref, served.catalog))
    return _inspection(report_of(read_text(path), path, served.catalog))


@routes.post("/workflows/graph", openapi_extra=TEXT_BODY)
def graph(text: TheText, _served: TheServed, _caller: TheCaller) -> GraphObject:
    """The graph of a workflow."""
    return graph_object(graph_of_text(text, _SENT))


@routes.get("/workflows/{ref}/graph", responses=faults(404, 409))
def graph_on(ref: str, served: TheServed, _caller: TheCaller) -> GraphObject:
    """The graph of a workflow of a pack."""
    path = workflow_path(workflow_action(ref, served.catalog))
    return graph_object(graph_of_text(read_text(path), path))


def _inspection(found: Report) -> Inspection:
    return Inspection(
        problems=_places(found.problems),
        warnings=_places(found.warnings),
        unable=_places(found.unable),
        errors=[*found.stackstorm],
    )


def _places(findings: tuple[Finding, ...]) -> list[Place]:
    return [Place(**one._asdict()) for one in findings]
