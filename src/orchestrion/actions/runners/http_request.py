"""Send one HTTP request and tell what came back: the process of an `http-request` (spec 5).

Run as a module (`module_process`). The deadline is the engine's: it ends this process.
"""

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

from orchestrion import __version__
from orchestrion.actions.runners.base import Outcome, refused_outcome
from orchestrion.actions.runners.module_process import answer
from orchestrion.core.values import Json, problem_with

if TYPE_CHECKING:
    import httpx

_SUCCESS: Final = range(200, 207)
_CHUNK_BYTES: Final = 64 * 1024


class _Refused(Exception):  # noqa: N818  # becomes an outcome, nobody else sees it
    """The request, or what came back, is not to be had; the text is for the operator."""


def send(job: dict[str, Any]) -> Outcome:
    """Send the request that `http.http_command` describes; its outcome, whatever happens."""
    import httpx

    try:
        with _client(job) as client, client.stream(job["method"], job["url"], **_content(job)) as response:
            body = _read(response, job["limit"])
            result = _result(response, body)
    except _Refused as error:
        return refused_outcome(str(error))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError, OSError) as error:
        reason = str(error) or type(error).__name__
        return refused_outcome(f"{job['method']} {_shown(job['url'])} failed: {reason}")
    return Outcome("succeeded" if response.status_code in _SUCCESS else "failed", result)


def _client(job: dict[str, Any]) -> "httpx.Client":
    import httpx

    def check(request: "httpx.Request") -> None:
        """Refuse hosts that must not be asked, those to which an answer redirects included."""
        host = request.url.host.lower()
        if host in job["forbidden"] or (job["allowed"] and host not in job["allowed"]):
            message = f"The host {host} must not be asked (url_hosts_blacklist, url_hosts_whitelist)."
            raise _Refused(message)

    named = job["username"] is not None or job["password"] is not None
    return httpx.Client(
        auth=(job["username"] or "", job["password"] or "") if named else None,
        headers={"User-Agent": f"orchestrion/{__version__}"},
        cookies=job["cookies"],
        verify=job["verify"],
        follow_redirects=job["follow_redirects"],
        mounts={
            f"{scheme}://": httpx.HTTPTransport(proxy=proxy, verify=job["verify"])
            for scheme, proxy in job["proxies"].items()
            if proxy
        },
        timeout=None,  # noqa: S113  # see the module's docstring
        event_hooks={"request": [check]},
    )


def _content(job: dict[str, Any]) -> dict[str, Any]:
    """Give what httpx is to send: a mapping as a form, or as JSON if the headers say so; a text as it is."""
    headers = [(name.encode(), value.encode()) for name, value in job["headers"].items()]
    given: dict[str, Any] = {"headers": headers, "params": job["params"]}
    body = job["body"]
    kinds = [value for name, value in job["headers"].items() if name.lower() == "content-type"]
    if isinstance(body, dict) and not any("json" in kind.lower() for kind in kinds):
        given["data"] = body
    elif isinstance(body, str):
        given["content"] = body.encode()
    elif body is not None:
        given["content"] = json.dumps(body).encode()
    return given


def _read(response: "httpx.Response", limit: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes(_CHUNK_BYTES):
        body += chunk
        if len(body) > limit:
            message = (
                f"The answer has more than {limit // (1024 * 1024)} MiB ({limit} bytes). "
                "Let a command fetch it into a file, and give the file's path."
            )
            raise _Refused(message)
    return bytes(body)


def _result(response: "httpx.Response", content: bytes) -> dict[str, Json]:
    try:
        text = content.decode(response.charset_encoding or "utf-8", "replace")
    except LookupError:  # a character set that nobody knows
        text = content.decode("utf-8", "replace")
    body: Json = text
    parsed = False
    if _is_json(response.headers.get("content-type", "")):
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            value = None
        else:
            parsed = problem_with(value) is None
        body = value if parsed else text
    return {
        "status_code": response.status_code,
        "body": body,
        "parsed": parsed,
        "headers": _headers_of(response),
    }


def _headers_of(response: "httpx.Response") -> dict[str, Json]:
    """Give the headers as they were written; one that came several times has its values joined."""
    headers: dict[str, list[str]] = {}
    for raw_name, raw_value in response.headers.raw:
        headers.setdefault(raw_name.decode("latin-1"), []).append(raw_value.decode("utf-8", "replace"))
    return {name: ", ".join(values) for name, values in headers.items()}


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _refuse_constant(constant: str) -> NoReturn:
    """NaN and Infinity are not JSON: the body stays text."""
    raise ValueError(constant)


def _shown(url: str) -> str:
    """Give an address without the password that it may hold."""
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


if __name__ == "__main__":
    answer(send)
