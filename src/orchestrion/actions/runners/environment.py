"""What every runner that starts a process makes of a job: its environment and its time (spec 6.5)."""

import os
from typing import Final

from orchestrion.actions.runners.base import Job
from orchestrion.core.values import Json

_LONGEST_SECONDS: Final = 100 * 365 * 24 * 3600
"""More than any clock here can count is as good as for ever."""


class NotStartable(Exception):  # noqa: N818  # becomes an outcome, no caller sees it
    """The job's parameters do not make a process; the text is for the operator."""


def environment_of(job: Job) -> dict[bytes, bytes]:
    """Give the engine's environment, the action's over it (`own_environment`), and which engine this is.

    Raises `NotStartable`.
    """
    own = {name.encode(): value.encode() for name, value in own_environment(job).items()}
    return dict(os.environb) | own | {b"ORCHESTRION_ENGINE": job.engine.encode()}


def own_environment(job: Job) -> dict[str, str]:
    """Give the action's `env`, and what says which action this is (spec 6.5). Raises `NotStartable`."""
    own = job.runner_parameters.get("env") or {}
    if not isinstance(own, dict):
        message = f"The parameter env must be a mapping of names to texts, found {own!r}."
        raise NotStartable(message)
    environment: dict[str, str] = {}
    for name, value in own.items():
        if not name or "=" in name:
            message = (
                f"The parameter env has the name {name!r}: a name is not empty and holds no equals sign."
            )
            raise NotStartable(message)
        if value is not None:
            environment[bytes_of(name, "env").decode()] = bytes_of(_text_of(value), "env").decode()
    return environment | {
        "ST2_ACTION_PACK_NAME": job.action.pack.ref,
        "ST2_ACTION_EXECUTION_ID": job.execution_id,
        "ST2_ACTION_API_URL": job.api_url,
        **({"ST2_ACTION_AUTH_TOKEN": job.auth_token} if job.auth_token else {}),
        **({"ST2_ACTION_DEBUG": "true"} if job.debug else {}),
    }


def timeout_of(value: Json) -> int | float | None:
    """Give the seconds after which an action is ended, None for never. Raises `NotStartable`."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        message = f"The parameter timeout must be a number of seconds greater than 0, found {value!r}."
        raise NotStartable(message)
    return min(value, _LONGEST_SECONDS)


def bytes_of(text: str, parameter: str) -> bytes:
    """Give a text as a process takes it. Raises `NotStartable`, naming the parameter, if it holds NUL."""
    if "\0" in text:
        message = f"The parameter {parameter} holds the character NUL, which no command can hold. Remove it."
        raise NotStartable(message)
    return text.encode("utf-8", "replace")


def _text_of(value: Json) -> str:
    if isinstance(value, str):
        return value
    import json

    return json.dumps(value)
