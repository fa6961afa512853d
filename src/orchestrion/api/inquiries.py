"""Inquiries: what waits for a person's answer (stackstorm-api 2.5)."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from orchestrion.api.access import Caller, allowed
from orchestrion.api.bodies import Body
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.paging import EVERYTHING, ThePage
from orchestrion.api.served import Served, served_by
from orchestrion.core.values import Json
from orchestrion.errors import NotFound, Refused, UsageError
from orchestrion.queries import InquiryView
from orchestrion.wire.inquiries import InquiryObject, inquiry_object

routes = APIRouter(prefix="/v1", tags=["inquiries"])

TheServed = Annotated[Served, Depends(served_by)]

_PENDING: Final = "pending"


class Response(Body):
    """An answer. What else clients send of the inquiry is ignored."""

    response: dict[str, Any]


class Responded(BaseModel):
    """The answer that was taken, secrets masked."""

    id: str
    response: dict[str, Any]


@routes.get("/inquiries")
def list_all(
    served: TheServed, _caller: Annotated[Caller, Depends(allowed("inquiry.list"))], page: ThePage
) -> list[InquiryObject]:
    """List the inquiries that wait for an answer, the newest first."""
    return [inquiry_object(view) for view in page.of(served.queries.inquiries(EVERYTHING))]


@routes.get("/inquiries/{number}", responses=faults(404))
def get(
    number: str, served: TheServed, _caller: Annotated[Caller, Depends(allowed("inquiry.get"))]
) -> InquiryObject:
    """One inquiry that waits for an answer."""
    return inquiry_object(_waiting(served, number))


@routes.put("/inquiries/{number}", responses=faults(404))
def respond(
    number: str,
    given: Response,
    served: TheServed,
    caller: Annotated[Caller, Depends(allowed("inquiry.respond"))],
) -> Responded:
    """Answer an inquiry; what it held goes on."""
    users = _waiting(served, number).result.get("users")
    if isinstance(users, list) and users and caller.name not in users:
        raise FaultError(
            403, f'User "{caller.name}" does not have permission to respond to inquiry "{number}".'
        )
    answer: Json = given.response
    try:
        served.commands(caller.name).respond(number, answer)
    except UsageError as error:
        reasons = error.problems or (error.message,)
        raise FaultError(
            400,
            f'Response for inquiry "{number}" did not pass schema validation: {reasons[0]}',
            error.problems,
        ) from error
    except Refused as error:  # somebody else was quicker
        raise _responded(number) from error
    taken = served.queries.inquiry(number).result.get("response")
    return Responded(id=number, response=taken if isinstance(taken, dict) else {})


def _waiting(served: Served, number: str) -> InquiryView:
    """An inquiry that takes an answer. Raises FaultError."""
    try:
        served.queries.brief(number)
    except NotFound as error:
        raise FaultError(404, f'Inquiry "{number}" is not found.') from error
    try:
        view = served.queries.inquiry(number)
    except NotFound as error:
        raise FaultError(400, f'Action execution "{number}" is not an inquiry.') from error
    if view.status == "timeout":
        raise FaultError(400, f'Inquiry "{number}" timed out and cannot be responded to.')
    if view.status == "succeeded":
        raise _responded(number)
    if view.status != _PENDING:
        raise FaultError(400, f'Inquiry "{number}" takes no answer any more: it is {view.status}.')
    return view


def _responded(number: str) -> FaultError:
    return FaultError(400, f'Inquiry "{number}" has already been responded to.')
