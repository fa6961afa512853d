"""The engine's side of a zygote: the process from which Python actions are forked (`action_side`).

There is one for each environment, that is for each interpreter. It is started by exec, never by a fork of
this process, which has threads; it leads a session of its own, so that nothing that is sent to the engine's
terminal reaches it; and it ends, with all that it has started, when the socket closes.
"""

import os
import socket
import struct
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Final

from orchestrion.actions.runners.environment import NotStartable
from orchestrion.actions.runners.process_runner import unnamed_file
from orchestrion.actions.runners.processes import GRACE_SECONDS

ACTION_SIDE: Final = Path(__file__).parents[1] / "action_side"
"""The folder that is on the path of Python actions alone."""

_PROGRAM: Final = ACTION_SIDE / "orchestrion_zygote.py"
_QUESTION: Final = struct.Struct("!cq")
_ANSWER: Final = struct.Struct("!q")
_RUNS: Final = 1 << 32
_LOST: Final = -9
_ANSWER_SECONDS: Final = 20.0
"""A zygote that does not answer for so long, be it at its start, is given up."""
_POLL_SECONDS: Final = 0.02
_PLACEHOLDER: Final = "-" * 64  # room for the id of an execution; the action writes it there
_TOLD: Final = 2000


class Zygote:
    """One zygote. `door` is a descriptor that its actions get; usable from any thread. `close` it at the end.

    Raises `NotStartable` when its interpreter cannot be started.
    """

    def __init__(self, interpreter: Path, engine: str, door: int | None = None) -> None:
        self._interpreter: Final = interpreter
        self._asking: Final = threading.Lock()
        self._errors: Final = unnamed_file(b"")
        environment = os.environ | {
            "ST2_ACTION_EXECUTION_ID": _PLACEHOLDER,
            "ORCHESTRION_ENGINE": engine,
        }
        environment.pop("PYTHONSAFEPATH", None)  # it would keep the program's folder off the path
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(_ANSWER_SECONDS)
        passed = (theirs.fileno(),) if door is None else (theirs.fileno(), door)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [interpreter, _PROGRAM, str(theirs.fileno()), str(-1 if door is None else door)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._errors,
                    env=environment,
                    pass_fds=passed,
                    start_new_session=True,
                )
            except OSError as error:
                self._socket.close()
                self._errors.close()
                raise NotStartable(f"{interpreter} could not be started: {error.strerror}.") from error
        self.is_up = False
        """Whether it has answered: it can fork at once, unless it was lost meanwhile."""
        self.is_lost = False
        self._fate = "it was ended"

    @property
    def is_gone(self) -> bool:
        """Whether it was lost, or has ended since it was up."""
        return self.is_lost or (self.is_up and self._process.poll() is not None)

    def wait(self) -> bool:
        """Wait until it is up; False when it was lost before."""
        return self._ask(b"R", 0, ()) is not None

    def fork(self, job: bytes) -> "Forked":
        """Start a process for a job. Raises `NotStartable`."""
        with ExitStack() as given, ExitStack() as kept:
            work = given.enter_context(unnamed_file(job))
            reply = kept.enter_context(unnamed_file(b""))
            stdout, out = _pipe(kept, given)
            stderr, err = _pipe(kept, given)
            answer = self._ask(b"F", 0, (out, err, work.fileno(), reply.fileno()))
            if answer is None:
                raise NotStartable(self.reason())
            if answer < 0:
                raise NotStartable(f"No process could be started: {os.strerror(-answer)}.")
            kept.pop_all()
            return Forked(self, answer, stdout, stderr, reply)

    def reap(self, pid: int) -> int | None:
        """Give the exit code of a process, and free its id; None as long as it runs.

        -9 when the zygote is lost, and with it what it knew.
        """
        answer = self._ask(b"R", pid, ())
        return None if answer == _RUNS else _LOST if answer is None else answer

    def reason(self) -> str:
        """Say what the zygote complained of before it was lost, or what has become of it."""
        with self._asking, suppress(ValueError):  # closed meanwhile
            self._errors.seek(0)
            told = self._errors.read().decode("utf-8", "replace").strip()[-_TOLD:]
            why = told or f"{self._fate}. Try again; see that the machine has memory, and is not overloaded"
            return f"{self._interpreter} cannot start Python actions: {why}."
        return "The engine is about to end."

    def close(self) -> None:
        """End the zygote, with all that it has started, and wait for it."""
        with suppress(OSError):  # closed before
            self._socket.shutdown(socket.SHUT_RDWR)  # who waits for an answer has it at once: there is none
        with self._asking:
            self.is_lost = True
            self._socket.close()
            try:
                self._process.wait(2 * GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._errors.close()

    def _ask(self, kind: bytes, pid: int, descriptors: tuple[int, ...]) -> int | None:
        """Ask, and give the answer; None when there is none, and never will be."""
        with self._asking:
            if self.is_lost:
                return None
            try:
                socket.send_fds(self._socket, [_QUESTION.pack(kind, pid)], descriptors)
                answer = self._socket.recv(_ANSWER.size, socket.MSG_WAITALL)
            except TimeoutError:
                answer = b""
                self._fate = f"it has not answered for {_ANSWER_SECONDS:.0f} seconds"
            except OSError:
                answer = b""
            if len(answer) < _ANSWER.size:
                self.is_lost = True
                code = self._process.poll()
                if code is not None and code < 0:
                    self._fate = f"it was ended by signal {-code}"
                self._process.kill()
                return None
            self.is_up = True
        return _ANSWER.unpack(answer)[0]


def _pipe(kept: ExitStack, given: ExitStack) -> tuple[IO[bytes], int]:
    """Make a pipe: the end to read, and the one that is given away."""
    outlet, inlet = os.pipe()
    given.callback(os.close, inlet)
    return kept.enter_context(os.fdopen(outlet, "rb", 0)), inlet


class Forked:
    """A process that a zygote has started; to the waiter, what a `Popen` is for a child."""

    def __init__(
        self, zygote: Zygote, pid: int, stdout: IO[bytes], stderr: IO[bytes], reply: IO[bytes]
    ) -> None:
        self.pid: Final = pid
        self.stdout: Final = stdout
        self.stderr: Final = stderr
        self.returncode: int | None = None
        self._zygote = zygote
        self._reply = reply
        self._reaping = threading.Lock()

    def poll(self) -> int | None:
        """Reap it if it has ended; its code, None as long as it runs."""
        with self._reaping:
            if self.returncode is None:
                self.returncode = self._zygote.reap(self.pid)
            return self.returncode

    def wait(self) -> int:
        """Wait for its end and reap it; its code."""
        while (code := self.poll()) is None:
            time.sleep(_POLL_SECONDS)  # only where nothing else tells that a process has ended
        return code

    def take_reply(self, limit: int) -> bytes | None:
        """Give what it left as its reply, once; None if that is longer than the limit."""
        with self._reply as file:
            if os.fstat(file.fileno()).st_size > limit:
                return None
            file.seek(0)
            return file.read()
