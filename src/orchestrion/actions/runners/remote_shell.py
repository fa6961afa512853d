"""Run a command or script on many hosts by SSH: the process of a `remote-shell-cmd` (spec 5, 6.5).

Run as a module (`module_process`). Each host has its own time and its own result.

On a host the command is on a `leash`, which ends with the connection. So nothing has to be done to end an
action on its hosts: the end of this process, for whatever reason, is enough.
"""

import asyncio
import shlex
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from orchestrion.actions.runners.base import Outcome, refused_outcome
from orchestrion.actions.runners.leash import leash_input, leash_line
from orchestrion.actions.runners.module_process import answer, timed_out
from orchestrion.actions.runners.shell import shell_result
from orchestrion.core.values import Json

if TYPE_CHECKING:
    import asyncssh

_NO_RESULT: Final = 255
"""The return code of a host that has none, as ssh gives it."""
_PORT: Final = 22
_CLEARING_SECONDS: Final = 2
_KILLED: Final = -9
_CHUNK_BYTES: Final = 64 * 1024
_KEPT_BYTES: Final = 64 * 1024


class _Failed(Exception):  # noqa: N818  # becomes the result of a host, nobody else sees it
    """A host cannot be used; the text is for the operator."""


@dataclass(slots=True)
class _Room:
    """How many bytes all hosts together may still write."""

    left: int
    limit: int


@dataclass(slots=True)
class _Run:
    """What one host has written so far."""

    stdout: bytearray
    stderr: bytearray


def perform(job: dict[str, Any]) -> Outcome:
    """Do what `remote.remote_command` describes; its outcome, whatever happens."""
    return asyncio.run(_perform(job))


async def _perform(job: dict[str, Any]) -> Outcome:
    import asyncssh

    try:
        options = _options(job)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        return refused_outcome(f"The parameter private_key cannot be used: {error}.")
    room = _Room(job["limit"], job["limit"])
    turn = asyncio.Semaphore(job["at_once"])
    async with AsyncExitStack() as stack:
        tunnel = None
        if job["bastion"]:
            host, port = job["bastion"]
            try:
                async with asyncio.timeout(job["timeout"]):
                    tunnel = await stack.enter_async_context(_connected(job, options, host, port, None))
            except _Failed as error:
                return refused_outcome(f"The bastion host: {error}")
            except TimeoutError:
                return Outcome("timeout", {"error": timed_out(job["timeout"])})

        async def one(index: int, host: str, port: int | None) -> dict[str, Json]:
            async with turn:
                return await _on_host(job, index, _connected(job, options, host, port, tunnel), room)

        results = await asyncio.gather(
            *(one(index, host, port) for index, (_, host, port) in enumerate(job["hosts"]))
        )
    return _outcome_of({shown: result for (shown, _, _), result in zip(job["hosts"], results, strict=True)})


def _outcome_of(results: dict[str, dict[str, Json]]) -> Outcome:
    """Succeeded if all hosts have; a timeout if all were too slow; else failed."""
    if all(result["succeeded"] for result in results.values()):
        return Outcome("succeeded", dict(results))
    is_late = all(result["return_code"] == _KILLED for result in results.values())
    return Outcome("timeout" if is_late else "failed", dict(results))


def _options(job: dict[str, Any]) -> dict[str, Any]:
    """Give what all connections have in common. Who was given nothing uses the keys of the engine's user.

    As in StackStorm, no list of known hosts is asked, and no configuration of SSH is read.
    """
    import asyncssh

    options: dict[str, Any] = {"known_hosts": None, "config": None, "login_timeout": 0}
    if job["username"]:
        options["username"] = job["username"]
    if job["password"]:
        options["password"] = job["password"]
    if job["private_key"]:
        key = asyncssh.import_private_key(job["private_key"], job["passphrase"] or None)
        options.update(client_keys=[key], agent_path=None)
    elif job["password"]:
        options.update(client_keys=None, agent_path=None)
    elif job["passphrase"]:
        options["passphrase"] = job["passphrase"]
    return options


@asynccontextmanager
async def _connected(
    job: dict[str, Any],
    options: dict[str, Any],
    host: str,
    port: int | None,
    tunnel: "asyncssh.SSHClientConnection | None",
) -> AsyncGenerator["asyncssh.SSHClientConnection", None]:
    """Be connected to a host. Raises `_Failed`."""
    import asyncssh

    at = port or job["port"] or _PORT
    try:
        connection = await asyncssh.connect(host, at, tunnel=tunnel or (), **options)
    except (asyncssh.Error, OSError, ValueError) as error:
        message = f"Connecting to {host} port {at} failed: {str(error) or type(error).__name__}"
        raise _Failed(message) from None
    try:
        yield connection
    finally:
        connection.abort()  # nothing of it is needed any more, and a host that hangs is not waited for


async def _on_host(job: dict[str, Any], index: int, connected: Any, room: _Room) -> dict[str, Json]:
    """Do it on one host; its result, whatever happens."""
    import asyncssh

    run = _Run(bytearray(), bytearray())
    code, error = _NO_RESULT, None
    try:
        async with (
            asyncio.timeout(job["timeout"]),
            connected as connection,
            _copied(job, index, connection) as (folder, text),
        ):
            code = await _held(job, connection, folder, text, run, room)
    except TimeoutError:
        code, error = _KILLED, timed_out(job["timeout"])
    except (_Failed, asyncssh.Error, OSError) as failure:
        error = str(failure) or type(failure).__name__
    status = "succeeded" if code == 0 and error is None else "failed"
    return shell_result(status, code, bytes(run.stdout), bytes(run.stderr), error)


@asynccontextmanager
async def _copied(
    job: dict[str, Any], index: int, connection: "asyncssh.SSHClientConnection"
) -> AsyncGenerator[tuple[str, str], None]:
    """Copy the script to the host, if it is one; gives the folder and the text for the leash.

    The folder is removed at the end; by the leash too, which is there when this process is not.
    """
    import asyncssh

    copied = job["copied"]
    if copied is None:
        yield "", job["text"]
        return
    folder = f"{copied['folder']}-{index}"  # two names may be one host
    script = f"{folder}/{copied['script']}"
    files = await connection.start_sftp_client()
    try:
        await files.mkdir(folder, asyncssh.SFTPAttrs(permissions=0o700))
    except asyncssh.SFTPError as error:
        message = f"The folder {folder} cannot be made on the host: {error.reason}"
        raise _Failed(message) from error
    try:
        await files.put(copied["files"], folder, preserve=True, recurse=True)
        await files.chmod(script, 0o755)
        yield folder, f"{job['text']}{shlex.quote(script)} {copied['arguments']}"
    finally:
        with suppress(asyncssh.Error, OSError):
            async with asyncio.timeout(_CLEARING_SECONDS):
                await files.rmtree(folder, ignore_errors=True)  # pyright: ignore[reportUnknownMemberType]  # untyped there


async def _held(
    job: dict[str, Any],
    connection: "asyncssh.SSHClientConnection",
    folder: str,
    text: str,
    run: _Run,
    room: _Room,
) -> int:
    """Run a text on the leash, and give its return code. Raises `_Failed`."""
    password = (job["sudo_password"] or "").encode() if job["sudo"] else b""
    process: asyncssh.SSHClientProcess[bytes] = await connection.create_process(
        leash_line(sudo=job["sudo"], asks=bool(password)), encoding=None
    )
    with suppress(BrokenPipeError):  # it has ended already; what it says of that counts
        process.stdin.write(leash_input(text.encode(), folder=folder, password=password))
    await asyncio.gather(
        _gathered(process.stdout, run.stdout, room), _gathered(process.stderr, run.stderr, room)
    )
    await process.wait_closed()
    if process.returncode is None:
        message = "The connection was lost before the command had ended."
        raise _Failed(message)
    return process.returncode


async def _gathered(stream: "asyncssh.SSHReader[bytes]", into: bytearray, room: _Room) -> None:
    while data := await stream.read(_CHUNK_BYTES):
        room.left -= len(data)
        if room.left < 0:
            del into[_KEPT_BYTES:]  # as JSON it may be longer than all that is allowed
            message = (
                f"The command was ended because all hosts together wrote more than "
                f"{room.limit // (1024 * 1024)} MiB ({room.limit} bytes). Write large output to a file."
            )
            raise _Failed(message)
        into += data


if __name__ == "__main__":
    answer(perform)
