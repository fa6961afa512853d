"""A leash: a few lines of bash that hold a command which we cannot signal, on another machine or under sudo.

They start the command in a process group of its own and kill that group when their stdin ends. Whoever holds
the other end of it (a connection, a process) need do nothing to end the command: to be gone is enough, for
whatever reason. Everything but these lines comes through stdin: it may be large, and what others see of
processes (`ps`) shows no secrets.
"""

import shlex
from typing import Final

_LEASH: Final = """\
while IFS= read -r line && [ "$line" != go ]; do :; done # a password that sudo has not asked for
read -r size; IFS= read -r folder; text=$(head -c "$size"; printf .); text=${text%.}
exec 3<&0 4>&2 < /dev/null 2> /dev/null # what bash itself says of its jobs is not the action's
set -m # each of the two that follow leads a process group
(set +m; exec 2>&4 3<&- 4>&-; eval "$text") & action=$!
exec 4>&-
clear() { [ -z "$folder" ] || rm -rf -- "$folder"; }
(exec > /dev/null; read -r _ <&3; kill -KILL -- "-$action"; clear) & guard=$!
wait "$action"; code=$?
kill -KILL -- "-$guard"; clear
exit "$code"
"""
_HOLDER: Final = """\
exec 3< <(exec 2> /dev/null; cat; exec sleep 2147483647)
feeder=$!
exec < /dev/null
"$@" <&3 3<&-; code=$?
kill -KILL "$feeder"
exit "$code"
"""


def leash(*, sudo: bool, asks: bool) -> list[str]:
    """Give the command that is the leash. With `sudo`, `asks` tells that there is a password for it."""
    prefix: list[str] = []
    if sudo:
        prefix = ["sudo", "-E", *(["-k", "-S", "-p", ""] if asks else ["-n"]), "--"]
    return [*prefix, "bash", "-c", _LEASH, "bash"]


def leash_line(*, sudo: bool, asks: bool) -> str:
    """Give the same as one line for a shell."""
    return f"exec {shlex.join(leash(sudo=sudo, asks=asks))}"


def held_here(*, asks: bool) -> list[str]:
    """Give the command that holds a leash under sudo on this machine, until it is ended itself."""
    return ["bash", "-c", _HOLDER, "bash", *leash(sudo=True, asks=asks)]


def leash_input(text: bytes, *, folder: str = "", password: bytes = b"") -> bytes:
    """Give what the leash reads: a text for bash, and a folder that is removed when it has ended."""
    first = password + b"\n" if password else b""
    return first + f"go\n{len(text)}\n{folder}\n".encode() + text
