"""Tokens: log in with a name and a password, as `st2 login` and `st2 auth` do (stackstorm-api 1.2)."""

import base64
import binascii
import logging
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, StrictInt

from orchestrion.accounts import TOKEN_SECONDS, NewToken, check_token_seconds
from orchestrion.api.access import SYSTEM_USER, everybody
from orchestrion.api.bodies import Body
from orchestrion.api.faults import FaultError, faults
from orchestrion.api.served import Served, served_by
from orchestrion.runtime.clock import system_clock
from orchestrion.wire.stackstorm import time_text

_log = logging.getLogger(__name__)

routes = APIRouter(prefix="/auth", tags=["access"])

TheServed = Annotated[Served, Depends(served_by)]


class NewTokenOrder(Body):
    """For how many seconds the token is to be good."""

    ttl: StrictInt | None = None


class Token(BaseModel):
    """A token. Its `expiry` is in UTC."""

    id: str
    user: str
    token: str
    expiry: str
    metadata: dict[str, str] = {}


class TokenToValidate(Body):
    """A token to look at."""

    token: str


class Validity(BaseModel):
    """Whether it is good."""

    valid: bool


@routes.post(
    "/tokens", status_code=201, responses=faults(401, 429), openapi_extra={"security": [{"password": []}]}
)
def log_in(request: Request, served: TheServed, order: NewTokenOrder | None = None) -> Token:
    """Make a token for whoever shows a name and a password by HTTP Basic."""
    seconds = TOKEN_SECONDS if order is None or order.ttl is None else order.ttl
    check_token_seconds(seconds)
    if served.identify is everybody:  # any token will do, so nobody needs a password
        expires_at = system_clock() + seconds * 1_000_000
        return _token(NewToken(secrets.token_hex(12), SYSTEM_USER, secrets.token_urlsafe(32), expires_at))
    name, password = _basic(request)
    address = request.client.host if request.client else ""
    wait = served.logins.seconds_to_wait(name, address)
    if wait:
        _log.warning("Too many log-ins.", extra={"user": name, "address": address})
        raise FaultError(
            429, f"Too many log-ins. Try again in {wait} seconds.", headers={"Retry-After": str(wait)}
        )
    with served.logins.looking():
        is_right = served.accounts.is_password(name, password)
    if not is_right:
        _log.warning("A log-in failed.", extra={"user": name, "address": address})
        raise _unknown("Invalid or missing credentials")
    served.logins.succeeded(name, address)
    return _token(served.accounts.add_token(name, seconds))


@routes.post("/tokens/validate")
def validate(given: TokenToValidate, served: TheServed) -> Validity:
    """Whether a token is good now."""
    credential = served.accounts.credential("token", given.token)
    is_good = credential is not None and (credential.expires_at or 0) > system_clock()
    return Validity(valid=is_good or served.identify is everybody)


def _basic(request: Request) -> tuple[str, str]:
    """The name and the password that a request brings. Raises FaultError (401)."""
    scheme, _, word = request.headers.get("authorization", "").partition(" ")
    try:
        text = base64.b64decode(word.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    name, colon, password = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _unknown("Invalid or missing credentials")
    return name, password


def _unknown(reason: str) -> FaultError:
    return FaultError(
        401, f"Unauthorized - {reason}", headers={"WWW-Authenticate": 'Basic realm="Orchestrion"'}
    )


def _token(new: NewToken) -> Token:
    return Token(id=new.id, user=new.account, token=new.text, expiry=time_text(new.expires_at) or "")
