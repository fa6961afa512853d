"""The command `orchestrion` in real processes, on a store of its own, with actions that the test controls.

Nothing here sleeps: a test waits for lines of output, for the end of processes, or at a gate (a FIFO), at
which an action waits until the test opens it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

ACT = """\
#!/bin/sh
# Stands for the work of a task: notes that it has begun, waits at its gate, fails if it is told to.
cd "$(dirname "$0")"
echo "$1" >> begun
count=$(grep -cx "$1" begun)
if test -p "gate-$1"; then read -r answer < "gate-$1"; fi
echo "$1" >> ended
if test -e "fail-$1"; then echo "$1 was told to fail" >&2; exit 1; fi
echo "$1 run $count"
"""


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Process(Protocol):
    """What is used here of a process of `subprocess`."""

    @property
    def pid(self) -> int: ...
    @property
    def stdout(self) -> IO[str] | None: ...
    @property
    def stderr(self) -> IO[str] | None: ...
    @property
    def returncode(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def communicate(self) -> tuple[str, str]: ...
    def send_signal(self, sig: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Running:
    """A command that runs; its output is read line by line."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self.error_lines: list[str] = []

    def wait_for(self, text: str) -> str:
        """Read until a line holds the text; fails when the output ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"no line with {text!r} in:\n{''.join(self.lines)}\n{self._errors()}")

    def wait_for_error(self, text: str) -> str:
        """The same of what it says on stderr."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.error_lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"no line with {text!r} in:\n{''.join(self.error_lines)}")

    def interrupt(self) -> None:
        """What Ctrl-C sends."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """The process is gone from one moment to the other."""
        self.process.kill()
        self.end()

    def end(self) -> Done:
        """Wait for the end."""
        out, err = self.process.communicate()
        return Done(self.process.returncode, "".join(self.lines) + out, "".join(self.error_lines) + err)

    def _errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


class Shell:
    """A terminal in a folder of its own: commands, workflow files, and the actions' gates and failures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[Running] = []
        (folder / "act").write_text(ACT)
        (folder / "act").chmod(0o755)
        (folder / "begun").touch()

    # --- commands

    def run(self, *words: str, **environment: str) -> Done:
        """Perform a command to its end."""
        return self.start(*words, **environment).end()

    def start(self, *words: str, **environment: str) -> Running:
        """Start a command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrion", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**self.environment, **environment},
        )
        running = Running(process)
        self.started.append(running)
        return running

    def json(self, *words: str) -> Any:
        """What a command that must succeed prints as JSON."""
        done = self.run(*words, "-j")
        assert done.code == 0, done
        return done.json

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
        return kept | {
            "HOME": str(self.folder),
            "ORCHESTRION_DB": str(self.folder / "store.db"),
            "TERM": "dumb",
        }

    def close(self) -> None:
        """End what still runs; a failed test must leave nothing behind."""
        for running in self.started:
            if running.process.poll() is None:
                running.process.kill()
                running.end()
        for gate in self.folder.glob("gate-*"):
            self._free(gate)

    def _free(self, gate: Path) -> None:
        """Let an action go that still waits at a gate, if there is one."""
        try:
            os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return

    # --- what the actions do

    def gate(self, name: str) -> "Gate":
        """From now on the action of that name waits until its gate is opened."""
        path = self.folder / f"gate-{name}"
        os.mkfifo(path)
        return Gate(path)

    def fail(self, *names: str) -> None:
        """From now on these actions fail."""
        for name in names:
            (self.folder / f"fail-{name}").touch()

    def mend(self) -> None:
        """No action fails any more."""
        for path in self.folder.glob("fail-*"):
            path.unlink()

    @property
    def begun(self) -> list[str]:
        """The names of the actions that have begun, in their order."""
        return (self.folder / "begun").read_text().split()

    @property
    def ended(self) -> list[str]:
        """The names of the actions that have got past their gates."""
        path = self.folder / "ended"
        return path.read_text().split() if path.exists() else []

    # --- executions

    def write(self, name: str, text: str) -> str:
        """A workflow file; its name."""
        (self.folder / name).write_text(text)
        return name

    def newest(self) -> str:
        """The id of the newest execution."""
        return self.json("execution", "list")[0]["id"]

    def get(self, number: str) -> Any:
        """An execution as JSON."""
        return self.json("execution", "get", number)


class Gate:
    """Where an action waits."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end: int | None = None

    def arrived(self) -> "Gate":
        """Wait until an action stands at the gate."""
        self._end = os.open(self.path, os.O_WRONLY)
        return self

    def open(self) -> None:
        """Let the action go on, and whoever comes later, too."""
        if self._end is None:
            self.arrived()
        assert self._end is not None
        self.path.unlink()
        os.write(self._end, b"go\n")
        os.close(self._end)
        self._end = None
