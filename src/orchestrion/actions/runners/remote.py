"""The runners `remote-shell-cmd` and `remote-shell-script`: check what is asked for (spec 5, 6.5).

`remote_shell` does it, in a process: it reaches all hosts, by SSH.
"""

import os
import re
import shlex
from math import ceil
from pathlib import Path
from typing import Final

from orchestrion.actions.runners.base import Job
from orchestrion.actions.runners.environment import NotStartable, bytes_of, own_environment, timeout_of
from orchestrion.actions.runners.module_process import module_command
from orchestrion.actions.runners.process_runner import Command
from orchestrion.actions.runners.scripts import script_arguments, script_path
from orchestrion.actions.runners.shell import command_text
from orchestrion.core.values import Json

AT_ONCE: Final = 100
"""On how many hosts an action runs at the same time."""

_SLACK_SECONDS: Final = 10
"""How much longer than its hosts may take the process lives: it tells itself which were too slow."""
_FOLDER: Final = "/tmp"  # noqa: S108  # StackStorm's default; what is made in it has a name of its own, and one owner


def remote_command(job: Job, max_output_bytes: int) -> Command:
    """Make the process of a `remote-shell-cmd`. Raises `NotStartable`."""
    return _remote(job, _setting(job) + command_text(job), None, max_output_bytes)


def remote_script(job: Job, max_output_bytes: int) -> Command:
    """Make the process of a `remote-shell-script`. Raises `NotStartable`."""
    path = script_path(job.action)
    given = job.runner_parameters.get("dir") or _FOLDER
    if not isinstance(given, str) or not given.startswith("/") or "\n" in given:
        message = f"The parameter dir must be the absolute path of a folder on the hosts, found {given!r}."
        raise NotStartable(message)
    arguments = [argument.decode() for argument in script_arguments(job)]
    library = path.parent / "lib"
    copied: dict[str, Json] = {
        "folder": f"{given.rstrip('/')}/orchestrion-{job.execution_id}",
        "files": [str(path), *([str(library)] if library.is_dir() else [])],
        "script": path.name,
        "arguments": shlex.join(arguments),
    }
    return _remote(job, _setting(job), copied, max_output_bytes)


def _remote(job: Job, text: str, copied: dict[str, Json] | None, max_output_bytes: int) -> Command:
    _check_installed()
    given = job.runner_parameters
    hosts = _hosts(given.get("hosts"))
    timeout_seconds = timeout_of(given.get("timeout"))
    at_once = 1 if given.get("parallel") is False else AT_ONCE
    document: dict[str, Json] = {
        "hosts": [[shown, host, port] for shown, host, port in hosts],
        "port": given.get("port"),
        "username": given.get("username"),
        "password": given.get("password"),
        "private_key": _private_key(given.get("private_key")),
        "passphrase": given.get("passphrase"),
        "bastion": _bastion(given.get("bastion_host")),
        "sudo": given.get("sudo") is True,
        "sudo_password": given.get("sudo_password"),
        "text": bytes_of(text, "cmd").decode(),
        "timeout": timeout_seconds,
        "at_once": at_once,
        "copied": copied,
    }
    whole = None
    if timeout_seconds is not None:
        whole = timeout_seconds * ceil(len(hosts) / at_once) + _SLACK_SECONDS
    return module_command(job, "remote_shell", document, whole, max_output_bytes)


def _check_installed() -> None:
    from importlib.util import find_spec

    if find_spec("asyncssh") is None:
        message = (
            "Actions on other machines need asyncssh, which is not installed. "
            "Install it beside Orchestrion: pip install 'orchestrion[remote]'"
        )
        raise NotStartable(message)


def _setting(job: Job) -> str:
    """Give what comes before the command: its environment and its folder, as bash reads them."""
    lines: list[str] = []
    for name, value in own_environment(job).items():
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            message = f"The parameter env has the name {name!r}, which bash on another machine cannot set."
            raise NotStartable(message)
        lines.append(f"export {name}={shlex.quote(value)}\n")
    folder = job.runner_parameters.get("cwd")
    if folder:
        lines.append(f"cd -- {shlex.quote(str(folder))} || exit\n")
    return "".join(lines)


def _hosts(given: Json) -> list[tuple[str, str, int | None]]:
    """Give each host as it was written, its name, and its own port."""
    written = [part.strip() for part in given.split(",")] if isinstance(given, str) else []
    names = list(dict.fromkeys(filter(None, written)))
    if not names:
        message = f"The parameter hosts must name hosts, separated by commas, found {given!r}."
        raise NotStartable(message)
    return [(name, *_address(name, "hosts")) for name in names]


def _bastion(given: Json) -> Json:
    return [*_address(given, "bastion_host")] if isinstance(given, str) and given else None


def _address(text: str, parameter: str) -> tuple[str, int | None]:
    """Split HOST, HOST:PORT or [IPv6]:PORT; an IPv6 address without brackets has no port."""
    found = re.fullmatch(
        r"\[([^\[\]]+)\](?::(\d+))?|([^:\[\]]+):(\d+)|([^:\[\]]+|[^:\[\]]*:[^\[\]]*:[^\[\]]*)", text
    )
    if found is None or re.search(r"[\s/@]", text):
        message = f"The parameter {parameter} names {text!r}, which is no host and no HOST:PORT."
        raise NotStartable(message)
    host = found[1] or found[3] or found[5]
    port = found[2] or found[4]
    return host, int(port) if port else None


def _private_key(given: Json) -> Json:
    """Give the text of a key, which was given itself or as the path of its file."""
    if not isinstance(given, str) or not given or "PRIVATE KEY" in given:
        return given or None
    path = Path(os.path.expanduser(given))  # noqa: PTH111  # one that names no user is told as not there
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        message = f"The parameter private_key is no key, and no file that can be read: {reason}."
        raise NotStartable(message) from None
