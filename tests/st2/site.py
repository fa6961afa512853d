"""`orchestrion serve` as a process, and StackStorm's own client, as processes from an environment of its own.

Its commands are forked from one process that has loaded its libraries (`forking`); `plain` runs them as one
would in a terminal. The client's home is the folder of the test: it keeps tokens there, and reads no
configuration.
"""

import json
import re
import subprocess
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any, Final

import httpx

from tests.e2e.commands import Done, Process, Running, Shell
from tests.st2.forking import Forked, Forks
from tests.st2.library import SCRIPT, Library
from tests.unit.actions.packs import add_workflow

CLIENT: Final = Path(__file__).parents[2] / ".venv" / "st2" / "bin"
"""Where `make test` has installed StackStorm's client (scripts/st2.sh)."""

_DECODER: Final = json.JSONDecoder()
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_ADDRESS: Final = re.compile(r"The (api|auth|stream) is at (\S+)")
_END: Final = re.compile(r"Execution [0-9a-f]{24} has completed \(status=\w+\)\.\n")
_ID: Final = re.compile(r"st2 execution get ([0-9a-f]{24})")


class Server:
    """A server on a store of its own; `words` are its options. Packs may be put into its folder `packs`."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.shell: Final = Shell(folder)
        self.packs: Final = folder / "packs"
        self.packs.mkdir()
        self.running: Final = self.shell.start("serve", "--port", "0", *words)
        self.running.wait_for_error("Working for")
        self.addresses: Final = dict(_ADDRESS.findall("".join(self.running.error_lines)))
        # What it says from now on is read: a pipe that is full would hold it up.
        self._reader: Final = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.running.process.stderr is not None
        self.running.error_lines.extend(self.running.process.stderr)

    def close(self) -> None:
        """Kill it: tests have nothing to lose."""
        self.running.process.kill()
        self._reader.join()
        for pipe in (self.running.process.stdout, self.running.process.stderr):
            assert pipe is not None
            pipe.close()
        self.running.process.wait()


class Site:
    """A test's part of a server: a pack, commands of `st2`, and actions with gates and failures (`shell`)."""

    def __init__(self, server: Server, forks: Forks, folder: Path) -> None:
        self.server: Final = server
        self._forks: Final = forks
        self.shell: Final = Shell(folder)
        self.pack: Final = server.packs / f"site_{sum(1 for _ in server.packs.iterdir())}"
        (self.pack / "actions").mkdir(parents=True)
        (self.pack / "pack.yaml").write_text(f"name: {self.pack.name}\nversion: 1.2.3\n")

    # --- the client

    @property
    def environment(self) -> dict[str, str]:
        """What points the client to this server, and to nothing of the machine."""
        return {
            **{name: value for name, value in self.shell.environment.items() if name != "PYTHONPATH"},
            "ST2_API_URL": f"{self.server.addresses['api']}/v1",
            "ST2_AUTH_URL": self.server.addresses["auth"],
            "ST2_STREAM_URL": f"{self.server.addresses['stream']}/v1",
            "ST2_CLI_SKIP_CONFIG": "1",
            "COLUMNS": "200",
        }

    def start(self, *words: str, **environment: str) -> Running:
        """Start a command of `st2`."""
        return self._start([str(CLIENT / "st2"), *words], environment)

    def plain(self, *words: str, code: int = 0) -> Done:
        """Perform a command of `st2` in a process that begins with it."""
        process = subprocess.Popen(
            [str(CLIENT / "st2"), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=self.shell.folder,
            env={**self.environment, "PYTHONIOENCODING": "utf-8"},
        )
        done = self._known(process).end()
        assert done.code == code, done
        return done

    def st2(self, *words: str, code: int = 0, **environment: str) -> Done:
        """Perform a command of `st2`, which must end with this code; what it said, without colours."""
        done = self.start(*words, **environment).end()
        assert done.code == code, done
        return Done(done.code, _COLOUR.sub("", done.out), _COLOUR.sub("", done.err))

    def json(self, *words: str, code: int = 0, **environment: str) -> Any:
        """The first value that a command of `st2` prints as JSON: of an execution, not of its tasks."""
        return self.objects(*words, code=code, **environment)[0]

    def objects(self, *words: str, code: int = 0, **environment: str) -> list[Any]:
        """The values that a command of `st2` prints as JSON, one after the other."""
        return objects_in(self.st2(*words, "-j", code=code, **environment).out)

    def run(self, *words: str, code: int = 0, **environment: str) -> Any:
        """What `st2 run` shows at the end, to which it follows the stream: else it would look every 2 s."""
        done = self.st2("run", *words, "--tail", "-j", code=code, **environment)
        return shown_in(done)

    def python(self, script: Path, *words: str) -> Any:
        """Run a script in the client's environment; the JSON that it prints."""
        done = self._start([str(script), *words], {}).end()
        assert done.code == 0, done
        return done.json

    @cached_property
    def library(self) -> Library:
        """The Python client."""
        process = self._forked([str(SCRIPT)], {})
        self._known(process)
        return Library(process)

    @cached_property
    def http(self) -> httpx.Client:
        """What asks the API without the client."""
        return httpx.Client(base_url=f"{self.server.addresses['api']}/v1", timeout=60)

    def _start(self, words: list[str], environment: dict[str, str]) -> Running:
        return self._known(self._forked(words, environment))

    def _forked(self, words: list[str], environment: dict[str, str]) -> Forked:
        return self._forks.start(words, self.shell.folder, {**self.environment, **environment})

    def _known(self, process: Process) -> Running:
        running = Running(process)
        self.shell.started.append(running)
        return running

    # --- executions

    def add(self, name: str, text: str, more: str = "") -> str:
        """Add a workflow to the pack; its action. What its tasks do by `./act NAME` is `shell`'s to say."""
        acting = text.replace("./act ", f"{self.shell.folder}/act ")
        add_workflow(self.pack, name, acting, more)
        return self.ref(name)

    def ref(self, name: str) -> str:
        """The action of the pack that has this name."""
        return f"{self.pack.name}.{name}"

    def begin(self, *words: str) -> str:
        """`st2 run -a`, or another command that starts something and does not wait; the id."""
        found = _ID.search(self.st2(*words, "-a").out)
        assert found is not None
        return found[1]

    def wait(self, number: str, *others: str) -> list[Any]:
        """Wait for the end of an execution, and give it, and others."""
        self.st2("execution", "tail", number)
        return self.get(number, *others)

    def get(self, *numbers: str) -> list[Any]:
        """Executions with all that the server says of them, without their tasks."""
        return self.objects("execution", "get", *numbers, "--raw", "--attr", "all")

    def close(self) -> None:
        """End the commands that still run, and let go what waits at a gate."""
        self.http.close()
        self.shell.close()


def objects_in(text: str) -> list[Any]:
    """The JSON values of a text. (The client prints dots while it waits, in front of them.)"""
    found: list[Any] = []
    text = text.lstrip(".\n")
    while text:
        value, end = _DECODER.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


def shown_in(done: Done) -> Any:
    """The execution that a command shows which has followed it to its end (`--tail -j`)."""
    return objects_in(_END.split(done.out)[-1])[0]


def dumped(value: object) -> str:
    """A value as it is given in a command."""
    return json.dumps(value, ensure_ascii=False)
