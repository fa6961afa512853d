"""The way to a server: requests with a token, and answers in which a fault becomes the error that it was."""

import json
import os
import ssl
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, cast
from urllib.parse import urlsplit, urlunsplit

import httpx

from orchestrion.errors import NotFound, OrchestrionError, Refused, Unavailable, UsageError

_CONNECT_SECONDS: Final = 10
_ANSWER_SECONDS: Final = 60
_API_PORT: Final = 9101
_AUTH_PORT: Final = 9100
_STREAM_PORT: Final = 9102
"""StackStorm's ports, where each service has its own."""

_NO_ROUTE: Final = "The resource could not be found."
OTHER_VERSION: Final = (
    "What the server has answered cannot be read here: it is of another version. Use the same one."
)

Value: TypeAlias = str | int | Sequence[str] | None
Query: TypeAlias = Mapping[str, Value]

_KINDS: Final[Mapping[int, type[OrchestrionError]]] = {
    400: UsageError,
    403: Refused,
    404: NotFound,
    405: UsageError,
    408: Unavailable,
    409: Refused,
    413: UsageError,
    429: Refused,
    500: OrchestrionError,
    503: Unavailable,
}
"""What the server has raised, by the status in which that ends."""


class Connection:
    """A connection to the API at `url`. `token`: a token or an API key; None: the server asks for none.

    Raises UsageError where the token can be none, or what the environment says of certificates is wrong.
    """

    def __init__(self, url: str, token: str | None) -> None:
        self.url: Final = url.rstrip("/")
        headers = {} if token is None else {"Authorization": f"Bearer {_checked(token)}"}
        timeout = httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)
        try:
            self._client: Final = httpx.Client(headers=headers, timeout=timeout)
        except OSError as error:
            raise UsageError(
                f"SSL_CERT_FILE={os.environ.get('SSL_CERT_FILE', '')}: no certificates can be read there: "
                f"{error.strerror or error}."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, query: Query | None = None) -> bytes:
        """The answer to a question. Raises OrchestrionError, as the server has."""
        return self._asked("GET", path, query).content

    def post(
        self, path: str, body: object, *, query: Query | None = None, request_id: str | None = None
    ) -> bytes:
        """The answer to a request; `request_id` names it. Raises OrchestrionError, as the server has."""
        headers = {} if request_id is None else {"Idempotency-Key": _header(request_id)}
        content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        headers["Content-Type"] = "application/json"
        return self._asked("POST", path, query, content, headers).content

    def delete(self, path: str, query: Query) -> None:
        """Delete something. Raises OrchestrionError, as the server has."""
        self._asked("DELETE", path, query)

    @contextmanager
    def lines(self, path: str, query: Query | None = None) -> Generator[Iterator[str]]:
        """The lines of an answer as they come, without those that are empty. Raises as `get`."""
        with self._told(), self._client.stream("GET", self._address(path), params=_plain(query)) as response:
            if not _is_ours(response):
                response.read()
                raise self._fault(response)
            yield (line for line in response.iter_lines() if line)

    def user(self) -> tuple[str, str]:
        """As whom the server knows who asks, and their role. Raises UsageError when it knows nobody."""
        text = self.get("user")
        with _understood():
            found = json.loads(text)
            return str(found["username"]), ", ".join(found["rbac"]["roles"])

    def log_in(self, name: str, password: str) -> str:
        """A new token of a user. Raises Refused, UsageError."""
        address = f"{auth_url(self.url)}/tokens"
        with self._told():
            response = self._client.post(address, auth=httpx.BasicAuth(name.encode(), password.encode()))
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise Refused(f"{self.url}: the name {name} and this password do not fit together.")
        if not _is_ours(response):
            raise self._fault(response)
        with _understood():
            return str(response.json()["token"])

    def _asked(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        with self._told():
            response = self._client.request(
                method, self._address(path), params=_plain(query), content=content, headers=headers
            )
        if not _is_ours(response):
            raise self._fault(response)
        return response

    def _address(self, path: str) -> str:
        return f"{self.url}/v1/{path}"

    @contextmanager
    def _told(self) -> Generator[None]:
        """Let what goes wrong on the way be told in a sentence."""
        try:
            yield
        except httpx.InvalidURL as error:
            raise UsageError(f"{self.url}: this is no URL of a server: {error}.") from error
        except httpx.ConnectError as error:
            untrusted = _untrusted(error)
            if untrusted is not None:
                raise UsageError(
                    f"{self.url}: its certificate is not trusted here: {untrusted} Name a file of what has "
                    "signed it in SSL_CERT_FILE, and the server as its certificate does."
                ) from error
            raise Unavailable(
                f"{self.url}: no server can be reached there: {error}. See that `serve` runs there, and "
                "that --api-url, or the setting api_url, names it."
            ) from error
        except httpx.ConnectTimeout as error:
            raise Unavailable(
                f"{self.url}: nothing has answered there for {_CONNECT_SECONDS} seconds. See that `serve` "
                "runs there, and that --api-url, or the setting api_url, names it."
            ) from error
        except httpx.TransportError as error:
            raise Unavailable(
                f"{self.url}: the connection broke off ({type(error).__name__}), so what was asked may be "
                "done or not. Look, or ask again with the same --request-id."
            ) from error

    def _fault(self, response: httpx.Response) -> OrchestrionError:
        """What the server has raised."""
        text, problems, hint = _told_in(response)
        status = response.status_code
        if text is not None and status == HTTPStatus.UNAUTHORIZED:
            return UsageError(
                f"{self.url}: {text} Log in with `orchestrion login`, or give a token in ORCHESTRION_TOKEN."
            )
        if text is None or status not in _KINDS:
            return UsageError(
                f"{self.url}: this is no server of Orchestrion, it answers {status}. Name another one with "
                "--api-url, or with the setting api_url."
            )
        if text == _NO_ROUTE:
            beside = api_url(self.url)
            if beside == self.url:
                return UsageError(OTHER_VERSION)
            return UsageError(
                f"{self.url}: this is not the API of the server. Give --api-url {beside}, or what `serve` "
                "says when it starts."
            )
        if text == "Internal Server Error":
            return OrchestrionError(
                f"{self.url}: the server has failed, which is a bug; its log tells of it."
            )
        return _KINDS[status](text, problems=problems, hint=hint)


def auth_url(url: str) -> str:
    """Where the server whose API is at `url` makes tokens."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if parts.port == _API_PORT and not path:
        return urlunsplit(
            parts._replace(netloc=parts.netloc.replace(f":{_API_PORT}", f":{_AUTH_PORT}"), path="")
        )
    return urlunsplit(parts._replace(path=f"{path.removesuffix('/api')}/auth"))


def api_url(url: str) -> str:
    """Where the API of a server is, one of whose services is at `url`, or something below it."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    for end in ("/v1", "/auth", "/stream", "/api"):
        path = path.removesuffix(end)
    if parts.port in (_API_PORT, _AUTH_PORT, _STREAM_PORT) and not path:
        netloc = parts.netloc.replace(f":{parts.port}", f":{_API_PORT}")
        return urlunsplit(parts._replace(netloc=netloc, path=""))
    return urlunsplit(parts._replace(path=f"{path}/api"))


def _checked(token: str) -> str:
    """A token that a header can hold. Raises UsageError, which does not quote it."""
    if not (token.isascii() and token.isprintable()) or " " in token or not token:
        raise UsageError(
            "What is given as a token can be none: a token is of ASCII letters, digits and signs, without "
            "blanks. See --token, ORCHESTRION_TOKEN, or log in again."
        )
    return token


@contextmanager
def _understood() -> Generator[None]:
    """Raise UsageError where an answer holds something else than is looked for."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(OTHER_VERSION) from error


def _untrusted(error: BaseException | None) -> str | None:
    """Why a certificate is not trusted, if that is the cause of an error."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"{error.verify_message.rstrip('.')}."
        error = error.__cause__ or error.__context__
    return None


def _is_ours(response: httpx.Response) -> bool:
    """Whether it is an answer, and not a fault, or the page of whatever else listens there."""
    kind = response.headers.get("Content-Type", "")
    is_empty = response.status_code == HTTPStatus.NO_CONTENT
    return response.is_success and (is_empty or kind.startswith(("application/json", "application/x-ndjson")))


def _told_in(response: httpx.Response) -> tuple[str | None, tuple[str, ...], str]:
    """The sentence of a fault, None where it is no fault of ours; its problems; its hint."""
    try:
        fault: Any = response.json()
    except ValueError:
        return None, (), ""
    if not isinstance(fault, dict):
        return None, (), ""
    known = cast("Mapping[str, Any]", fault)
    text, problems = known.get("faultstring"), known.get("problems", ())
    return (text if isinstance(text, str) else None), tuple(map(str, problems)), str(known.get("hint", ""))


def _header(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise UsageError(f'--request-id: "{text}" cannot be sent to a server: take letters and digits.')
    return text


def _plain(query: Query | None) -> list[tuple[str, str | int | float | bool | None]]:
    """The parameters of a query; those that are None are left out."""
    found: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in (query or {}).items():
        if value is not None:
            values = [value] if isinstance(value, str | int) else value
            found += [(name, one) for one in values]
    return found
