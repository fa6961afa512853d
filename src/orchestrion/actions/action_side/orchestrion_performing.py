"""Perform one Python action in a process that was forked for it, and leave its result where it was told.

The job is JSON in a file: `execution`, `environment`, `path` (the action's file), `libraries` (folders for
the front of the path), `action` (its reference), `parameters`, `config`, `log_level`, `user`, `limit` (of the
reply, in bytes). So is the reply: `result` and `status` (true, false, or null where `run` does not say), or
`problem`, a text. No reply: the action ended in another way, which its exit code tells.
"""

import atexit
import contextlib
import fcntl
import importlib.util
import inspect
import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TextIO

import orchestrion_plain
import orchestrion_services
from st2common.runners.base_action import Action

REPLY, SERVICES = 3, 4
"""The descriptors that an action keeps; its children get none of them."""

Work = dict[str, Any]


def perform(job: int, reply: int, services: int, rename: Callable[[str], None]) -> NoReturn:
    """Perform the job and end this process. `rename` gets the id of the execution."""
    code = 1
    try:
        with open(job, encoding="utf-8", closefd=False) as file:
            work: Work = json.load(file)
        rename(work["execution"])
        _settle(work, reply, services)
        action = _instance(_class_in(work["path"]), work, services)
        _write(_reply_to(action.run(**work["parameters"]), work["limit"]))
        code = 0
    except SystemExit as error:
        code = _code_of(error)
    except BaseException as error:  # noqa: BLE001  # whatever the action raises ends it, with a traceback
        _show(error)
    _end(code)


def _settle(work: Work, reply: int, services: int) -> None:
    """Make this process look like one that was started for the action."""
    _keep_only(reply, services)
    _set_environment(work["environment"])
    sys.stdout = sys.__stdout__ = _stream(1)
    sys.stderr = sys.__stderr__ = _stream(2)
    own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    libraries = [*work["libraries"], *filter(None, own)]
    sys.path[:0] = [folder for folder in libraries if folder not in sys.path]
    sys.path.append(str(Path(work["path"]).parent))
    sys.argv = [work["path"]]
    _forget_what_is_shadowed(work["libraries"])
    os.environ["PYTHONPATH"] = os.pathsep.join([*libraries, str(Path(__file__).parent)])
    logging.addLevelName(logging.CRITICAL + 10, "AUDIT")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(name)s: %(levelname)-8s %(message)s"))
    logger = logging.getLogger("st2.actions.python")
    logger.addHandler(handler)
    logger.setLevel(work["log_level"].upper())


def _set_environment(wanted: dict[str, str]) -> None:
    """Change what differs: most of it is as the zygote had it."""
    for name in [name for name in os.environ if name not in wanted]:
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _stream(descriptor: int) -> TextIO:
    """Make a stream of which lines are seen as they are written, and to which any text can be printed."""
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _keep_only(reply: int, services: int) -> None:
    """Close what belongs to the zygote. stdin is empty already."""
    wanted = {REPLY: reply, SERVICES: services}
    copies = {
        place: fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, SERVICES + 1)
        for place, descriptor in wanted.items()
        if descriptor >= 0
    }
    for place, descriptor in copies.items():
        os.dup2(descriptor, place, inheritable=False)
    os.closerange(len(copies) + REPLY, os.sysconf("SC_OPEN_MAX"))


def _forget_what_is_shadowed(libraries: list[str]) -> None:
    """Forget modules that are loaded already, where a library of the pack has one of that name."""
    found: set[str] = set()
    for folder in libraries:
        with contextlib.suppress(OSError):
            found |= {entry.name.partition(".")[0] for entry in Path(folder).iterdir()}
    found -= {*sys.builtin_module_names, "__pycache__"}
    if not found:
        return
    for name in [name for name in sys.modules if name.partition(".")[0] in found]:
        del sys.modules[name]


def _class_in(path: str) -> type[Action]:
    """Load the action's file and give the class that it defines; the first by name if there are several."""
    name = Path(path).stem
    if name in sys.modules or name in sys.stdlib_module_names:
        name = f"action_{name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file.")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for _, found in inspect.getmembers(module, inspect.isclass):
        if found.__module__ == name and issubclass(found, Action) and not inspect.isabstract(found):
            return found
    raise ImportError(f"{path} defines no class that derives from st2common.runners.base_action.Action.")


def _instance(kind: type[Action], work: Work, services: int) -> Action:
    """Make the action. Its `__init__` need not know the action service, which older actions do not."""
    door = SERVICES if services >= 0 else None
    service = orchestrion_services.ActionService(work["pack"], kind.__name__, work["user"], door)
    known = inspect.signature(kind).parameters.values()
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known)
    if takes_all or any(parameter.name == "action_service" for parameter in known):
        return kind(config=work["config"], action_service=service)
    action = kind(config=work["config"])
    action.action_service = action.datastore = service
    return action


def _reply_to(returned: Any, limit: int) -> bytes:
    """Give the reply: what `run` returned, or that it is too large."""
    match returned:
        case (True | False | None as status, result) if isinstance(returned, tuple):
            pass
        case _:
            status, result = None, returned
    text, said = _json(orchestrion_plain.plain(result)), _json(status)
    if len(text) <= limit:
        return b'{"status": %b, "result": %b}' % (said, text)
    problem = (
        f"The result of the action has {len(text)} bytes, more than {limit // 1024 // 1024} MiB. "
        "Write large results to a file and return its path."
    )
    return _json({"status": False, "problem": problem})


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _write(reply: bytes) -> None:
    rest = memoryview(reply)
    while rest:
        rest = rest[os.write(REPLY, rest) :]


def _code_of(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    sys.stderr.write(f"{error.code}\n")
    return 1


def _show(error: BaseException) -> None:
    """Print the traceback from where the action's own part begins."""
    part: TracebackType | None = error.__traceback__
    while part is not None and part.tb_frame.f_code.co_filename.startswith((__file__, "<frozen importlib")):
        part = part.tb_next
    traceback.print_exception(type(error), error, part)


def _end(code: int) -> NoReturn:
    """End as the interpreter would, but without taking apart what the zygote had loaded."""
    try:
        # What the interpreter itself calls at its end; there is no public name for it.
        threading._shutdown()  # noqa: SLF001  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        atexit._run_exitfuncs()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code & 0xFF)
