"""The runner `http-request`: checks what is asked for; `http_request` sends it, in a process (spec 5)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from orchestrion.actions.runners.base import Job
from orchestrion.actions.runners.environment import NotStartable, timeout_of
from orchestrion.actions.runners.module_process import module_command
from orchestrion.actions.runners.process_runner import Command
from orchestrion.core.values import Json

_SECONDS: Final = 60
"""How long a request may take when the action declares no timeout."""


def http_command(job: Job, max_output_bytes: int) -> Command:
    """Make the process of an `http-request`. Raises `NotStartable`."""
    given, own = job.runner_parameters, job.action_parameters
    forbidden, allowed = _hosts(given, "url_hosts_blacklist"), _hosts(given, "url_hosts_whitelist")
    if forbidden and allowed:
        message = "The parameters url_hosts_blacklist and url_hosts_whitelist exclude each other: give one."
        raise NotStartable(message)
    document: dict[str, Json] = {
        "method": str(own.get("method") or "GET").upper(),
        "url": _url(given.get("url")),
        "headers": _texts(given.get("headers"), "headers"),
        "cookies": _texts(given.get("cookies"), "cookies"),
        "params": own.get("params"),
        "body": own.get("body"),
        "username": given.get("username"),
        "password": given.get("password"),
        "verify": given.get("verify_ssl_cert") is not False,
        "follow_redirects": given.get("allow_redirects") is True,
        "proxies": {"http": given.get("http_proxy"), "https": given.get("https_proxy")},
        "forbidden": forbidden,
        "allowed": allowed,
    }
    timeout_seconds = timeout_of(own.get("timeout", _SECONDS))
    return module_command(job, "http_request", document, timeout_seconds, max_output_bytes)


def _url(given: Json) -> str:
    text = given.strip() if isinstance(given, str) else ""
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_usable = False
    if not is_usable:
        message = f"The parameter url must be an address such as https://example.com/path, found {given!r}."
        raise NotStartable(message)
    return text


def _texts(given: Json, parameter: str) -> dict[str, Json]:
    """Give the values of a mapping as texts; those that are null are left out."""
    if given is None:
        return {}
    if not isinstance(given, dict) or any(isinstance(value, (dict, list)) for value in given.values()):
        message = f"The parameter {parameter} must be a mapping of names to texts."
        raise NotStartable(message)
    return {name: _text(value) for name, value in given.items() if value is not None}


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _hosts(given: Mapping[str, Json], parameter: str) -> list[Json]:
    hosts = given.get(parameter) or []
    if not isinstance(hosts, list):
        message = f"The parameter {parameter} must be a list of hosts."
        raise NotStartable(message)
    return [host.lower() for host in hosts if isinstance(host, str)]
