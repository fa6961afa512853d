"""What the actions of an execution have written, as one text (stackstorm-api 2.4)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import PlainTextResponse, StreamingResponse

from orchestrion.api.access import Caller, allowed
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.served import Served, served_by
from orchestrion.errors import NotFound
from orchestrion.queries.output import Piece, Tail

routes = APIRouter(prefix="/v1", tags=["executions"])

_ALL: Final = frozenset(("stdout", "stderr"))
_STREAMS: Final[Mapping[str, frozenset[str]]] = {
    "all": _ALL,
    "stdout": frozenset(("stdout",)),
    "stderr": frozenset(("stderr",)),
    "output": frozenset(),  # what StackStorm's runners write themselves: ours do not
}


@routes.get("/executions/{number}/output", response_class=PlainTextResponse, responses=faults(404))
def output(
    number: str,
    served: Annotated[Served, Depends(served_by)],
    _caller: Annotated[Caller, Depends(allowed("execution.output"))],
    output_type: str | None = None,
) -> StreamingResponse:
    """What its actions have written until now; `last` is the newest execution."""
    streams = wanted_streams(output_type)
    tail = Tail(served.store, newest(served, number))
    first = tail.read()  # what is wrong shows before anything is sent
    texts = (piece.text for piece in _all_of(tail, first) if piece.stream in streams)
    return StreamingResponse(texts, media_type="text/plain")


def newest(served: Served, number: str) -> str:
    """The id of an execution, where `last` names the newest. Raises NotFound."""
    if number != "last":
        return number
    found = served.queries.executions(1)
    if not found:
        raise NotFound("There is no execution yet.")
    return found[0].id


def wanted_streams(output_type: str | None) -> frozenset[str]:
    """The streams that a request names. Raises FaultError (400)."""
    if not output_type:
        return _ALL
    if output_type not in _STREAMS:
        raise FaultError(400, f'There is no output type "{output_type}". There are: {", ".join(_STREAMS)}.')
    return _STREAMS[output_type]


def _all_of(tail: Tail, first: tuple[list[Piece], bool]) -> Iterator[Piece]:
    """All that there is by now, page by page, from what was read first."""
    pieces, over = first
    yield from pieces
    while pieces and not over:
        pieces, over = tail.read()
        yield from pieces
