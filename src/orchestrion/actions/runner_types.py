"""The runner types of StackStorm and their parameters, as data (spec 6.5).

This table says what an action of each type accepts; which types this version can run is said by
`orchestrion.actions.runners.registry`. A type that is not listed is unknown: its actions are catalogued all
the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orchestrion.core.values import Json


@dataclass(frozen=True, slots=True)
class RunnerType:
    """One runner type. `output_key` names the part of a result that an action's `output_schema` describes."""

    name: str
    description: str
    parameters: Mapping[str, Mapping[str, Json]]
    output_key: str | None = None


def _text(description: str, **more: Json) -> dict[str, Json]:
    return {"type": "string", "description": description, **more}


def _switch(description: str, **more: Json) -> dict[str, Json]:
    return {"type": "boolean", "description": description, **more}


def _number(description: str, **more: Json) -> dict[str, Json]:
    return {"type": "integer", "description": description, **more}


def _mapping(description: str, **more: Json) -> dict[str, Json]:
    return {"type": "object", "description": description, **more}


def _texts(description: str, **more: Json) -> dict[str, Json]:
    return {"type": "array", "description": description, "items": {"type": "string"}, **more}


_LOCAL: Final[Mapping[str, Mapping[str, Json]]] = {
    "cwd": _text("The folder in which the command runs."),
    "env": _mapping("Environment variables for the command."),
    "kwarg_op": _text("What stands before the names of named arguments.", default="--"),
    "sudo": _switch("Run the command with sudo.", default=False),
    "sudo_password": _text("The password for sudo.", default=None, secret=True),
    "timeout": _number("Seconds after which the command is ended.", default=60),
}
_COMMAND: Final[Mapping[str, Mapping[str, Json]]] = {"cmd": _text("The command, as bash reads it.")}
_REMOTE: Final[Mapping[str, Mapping[str, Json]]] = {
    **_LOCAL,
    "bastion_host": _text("The host through which the others are reached."),
    "dir": _text("The folder on the remote hosts into which files are copied."),
    "hosts": _text("The hosts, separated by commas.", required=True),
    "parallel": _switch("Run on all hosts at the same time.", default=True),
    "passphrase": _text("The passphrase of the private key.", secret=True),
    "password": _text("The password of the user.", secret=True),
    "port": _number("The SSH port."),
    "private_key": _text("The private key, or the path of its file.", secret=True),
    "username": _text("The user on the remote hosts."),
}
_CONTINUE: Final[Json] = {
    "title": "response_data",
    "type": "object",
    "properties": {
        "continue": {
            "type": "boolean",
            "description": "Would you like to continue the workflow?",
            "required": True,
        }
    },
}

_TYPES: Final = (
    RunnerType(
        "orquesta",
        "Runs an Orquesta workflow.",
        {"notify": {"type": "array", "description": "The tasks that notify.", "default": []}},
        output_key="output",
    ),
    RunnerType("noop", "Does nothing and succeeds.", {}),
    RunnerType("local-shell-cmd", "Runs a command with bash on this machine.", {**_COMMAND, **_LOCAL}),
    RunnerType("local-shell-script", "Runs a script of the pack on this machine.", _LOCAL),
    RunnerType("remote-shell-cmd", "Runs a command on other machines by SSH.", {**_COMMAND, **_REMOTE}),
    RunnerType("remote-shell-script", "Runs a script of the pack on other machines by SSH.", _REMOTE),
    RunnerType(
        "python-script",
        "Runs a Python action of the pack.",
        {
            "content_version": _text("The version of the pack's content."),
            "debug": _switch("Run the action with debugging output.", default=False),
            "env": _mapping("Environment variables for the action."),
            "log_level": _text("The level from which on log messages are shown.", default="DEBUG"),
            "timeout": _number("Seconds after which the action is ended.", default=600),
        },
        output_key="result",
    ),
    RunnerType(
        "http-request",
        "Sends one HTTP request.",
        {
            "allow_redirects": _switch("Follow redirects.", default=False),
            "cookies": _mapping("Cookies to send."),
            "headers": _mapping("Headers to send."),
            "http_proxy": _text("The proxy for http."),
            "https_proxy": _text("The proxy for https."),
            "password": _text("The password for basic authentication.", secret=True),
            "url": _text("The address.", required=True),
            "url_hosts_blacklist": _texts("Hosts that must not be asked."),
            "url_hosts_whitelist": _texts("The only hosts that may be asked."),
            "username": _text("The user for basic authentication."),
            "verify_ssl_cert": _switch("Check the server's certificate.", default=True),
        },
        output_key="body",
    ),
    RunnerType(
        "inquirer",
        "Asks a person, and waits for the answer.",
        {
            "roles": _texts("Who may answer, by role.", default=[]),
            "route": _text("Where the question is announced.", default=""),
            "schema": _mapping("What an answer looks like.", default=_CONTINUE),
            "ttl": _number("Minutes after which the question ends without an answer.", default=1440),
            "users": _texts("Who may answer, by name.", default=[]),
        },
    ),
)

RUNNER_TYPES: Final[Mapping[str, RunnerType]] = {runner_type.name: runner_type for runner_type in _TYPES}
"""Every known runner type by name."""
