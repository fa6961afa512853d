"""Know a process again, and end its group: also after the engine that started it was killed.

A process id alone is not enough, because ids are used again. The *start mark* is what makes it unique: on
Linux the boot and the start time in clock ticks (field 22 of /proc/PID/stat), elsewhere the start time that
`ps` prints. It is a text that is only compared.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

GRACE_SECONDS: Final = 2.0
"""How long a group may take to end itself after SIGTERM, before SIGKILL."""

_POLL_SECONDS: Final = 0.01
_LOOKS: Final = 5
_LOOK_SECONDS: Final = 0.001
_ENDED: Final = frozenset("ZX")
_PROC: Final = Path("/proc")
_STARTED_FIELD: Final = 22
_STATE_FIELD: Final = 3
_GROUP_FIELD: Final = 5
_OURS: Final = b"ST2_ACTION_EXECUTION_ID="
_ENGINE: Final = b"ORCHESTRION_ENGINE="


def start_mark(pid: int) -> str | None:
    """Give the start mark of a process; None when there is no such process."""
    if _boot() is None:
        return _mark_by_ps(pid)
    fields = _stat(pid)
    return None if fields is None else f"{_boot()}:{fields[_STARTED_FIELD]}"


def end_group(pid: int, mark: str, *, grace_seconds: float = GRACE_SECONDS) -> bool:
    """End the process group that the process `pid` leads, if it is still the one with this start mark.

    SIGTERM, then SIGKILL when something is left after `grace_seconds`. Gives whether there was anything to
    end; returns when it is gone, or was killed.
    """
    return bool(end_groups([(pid, mark)], grace_seconds=grace_seconds))


def end_groups(groups: Iterable[tuple[int, str]], *, grace_seconds: float = GRACE_SECONDS) -> list[int]:
    """End many process groups, all within one grace time. Gives the ids of those that were there."""
    ending = [pid for pid, mark in groups if _is_ours(pid, mark)]
    alive = [pid for pid in ending if _signal(pid, signal.SIGTERM)]
    deadline = time.monotonic() + grace_seconds
    while alive and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)  # nothing tells when a group of other processes is empty
        alive = _living(alive)
    for pid in alive:
        _signal(pid, signal.SIGKILL)
    return ending


def groups_of(actions: Collection[tuple[str, str]]) -> list[tuple[int, str]]:
    """Find the process groups of actions whose processes nobody has recorded, by their environment.

    `actions` are the ids of their executions, each with the id of the engine that started it. Gives pid and
    start mark of each group's leader.
    """
    if not actions or _boot() is None:
        return []
    wanted = [{_OURS + execution.encode(), _ENGINE + engine.encode()} for execution, engine in actions]
    groups: dict[int, str] = {}
    for pid, fields in _processes():
        leader = int(fields[_GROUP_FIELD])
        if leader > 0 and leader not in groups and any(map(set(_environment(pid)).issuperset, wanted)):
            mark = start_mark(leader)
            groups[leader] = f"{_boot()}:" if mark is None else mark
    return list(groups.items())


def kill_group(pid: int) -> None:
    """Kill the group of a process that is our child and was not reaped: the id is certainly its own."""
    _signal(pid, signal.SIGKILL)


def _is_ours(pid: int, mark: str) -> bool:
    """Whether the leader is the process with this mark, or is gone and has left members of ours behind.

    Nobody else gets the id of a group that still has members. When all were gone and the id was used again,
    the leader has another mark, or the members do not have the environment of an action.
    """
    if pid <= 1:
        return False
    found = start_mark(pid)
    if found is not None:
        return found == mark
    boot = _boot()
    return boot is not None and mark.startswith(f"{boot}:") and any(map(_has_our_environment, _members(pid)))


def _members(group: int) -> Iterable[int]:
    return (pid for pid, fields in _processes() if fields[_GROUP_FIELD] == str(group))


def _living(groups: list[int]) -> list[int]:
    """Give the groups with members that still run, not counting those that only wait to be collected."""
    present = [group for group in groups if _signal(group, 0)]
    if not present or _boot() is None:
        return present
    running = (fields for _, fields in _processes() if fields[_STATE_FIELD] not in _ENDED)
    living = {fields[_GROUP_FIELD] for fields in running}
    return [group for group in present if str(group) in living]


def _processes() -> Iterable[tuple[int, list[str]]]:
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            yield int(entry.name), fields


def _has_our_environment(pid: int) -> bool:
    return any(variable.startswith(_OURS) for variable in _environment(pid))


def _environment(pid: int) -> list[bytes]:
    """Give the environment of a process. In the middle of an exec it has none, for less than a moment."""
    for _ in range(_LOOKS):
        try:
            found = (_PROC / str(pid) / "environ").read_bytes()
        except OSError:  # gone, or of another user
            return []
        fields = None if found else _stat(pid)
        if fields is None or fields[_STATE_FIELD] in _ENDED:
            return found.split(b"\0")
        time.sleep(_LOOK_SECONDS)  # nothing tells when the exec of another process is over
    return []


def _signal(group: int, number: int) -> bool:
    """Signal a group; give whether it had members that we may signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _stat(pid: int) -> list[str] | None:
    """Give the fields of /proc/PID/stat, numbered from 1 as in its manual; None without such a process."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the name in brackets, and may itself hold spaces and brackets.
    head, _, tail = text.rpartition(")")
    return ["", *head.split(" ", 1), *tail.split()]


@lru_cache(maxsize=1)
def _boot() -> str | None:
    """Give what identifies this boot of this machine; None where there is no /proc."""
    with contextlib.suppress(OSError):
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return None


def _mark_by_ps(pid: int) -> str | None:
    found = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    return found.stdout.strip() or None
