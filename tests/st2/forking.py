"""Commands of StackStorm's client, each in a process that is forked from one with its libraries."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import IO, Final

SCRIPT: Final = Path(__file__).with_name("scripts") / "forks.py"


class Forked:
    """A command that runs. It is used like a process of `subprocess`."""

    def __init__(self, connection: socket.socket, files: Sequence[IO[str]]) -> None:
        self.stdin: IO[str] | None
        self.stdout: IO[str] | None
        self.stderr: IO[str] | None
        self.stdin, self.stdout, self.stderr = files
        self.returncode = 0
        self._has_ended = False
        self._answers: Final = connection.makefile("rb")
        connection.close()
        self.pid: Final = int(self._answers.readline())

    def poll(self) -> int | None:
        """The code with which it has ended; None: it still runs."""
        if not self._has_ended:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                self.wait()
        return self.returncode if self._has_ended else None

    def wait(self) -> int:
        """Wait for its end; the code."""
        if not self._has_ended:
            self.returncode = int(self._answers.readline())
            self._answers.close()
            self._has_ended = True
        return self.returncode

    def communicate(self) -> tuple[str, str]:
        """Read all that it still says, and wait for its end."""
        assert self.stdin is not None
        assert self.stdout is not None
        assert self.stderr is not None
        self.stdin.close()
        errors: list[str] = []
        read_errors = self.stderr.read
        reader = Thread(target=lambda: errors.append(read_errors()))
        reader.start()
        out = self.stdout.read()
        reader.join()
        self.stdout.close()
        self.stderr.close()
        self.wait()
        return out, "".join(errors)

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class Forks:
    """The process from which commands are forked."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._address: Final = str(folder / "forks")
        self._process: Final = subprocess.Popen(
            [str(python), str(SCRIPT), self._address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONWARNINGS": "ignore",  # of modules that its Python will not have for ever
                "PYTHONIOENCODING": "utf-8",
                "PYTHONUNBUFFERED": "1",  # what a command says is read as it comes
            },
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def start(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Forked:
        """Run a Python program: its file, and what follows it."""
        pipes = [os.pipe() for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        ours = [os.fdopen(end, mode, encoding="utf-8") for end, mode in zip(_ends(pipes), "wrr", strict=True)]
        command = {"words": [*words], "folder": str(folder), "environment": {**environment}}
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self._address)
            socket.send_fds(connection, [b"x"], theirs)
            connection.sendall(json.dumps(command).encode())
            connection.shutdown(socket.SHUT_WR)
        finally:
            for file in theirs:
                os.close(file)
        return Forked(connection, ours)

    def close(self) -> None:
        """No more commands."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _ends(pipes: Sequence[tuple[int, int]]) -> list[int]:
    """The ends of the three pipes that are ours: the first one is written."""
    return [pipes[0][1], pipes[1][0], pipes[2][0]]
