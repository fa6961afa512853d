"""The virtual environments of packs: one for each pack whose `requirements.txt` names something.

An environment is a folder of the pack's name. The file `requirements` in it is written last and holds what
was installed: an environment without it is not finished, and nothing runs in it.
"""

import fcntl
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias

from orchestrion.actions.metadata import Pack
from orchestrion.actions.metadata_file import read_text
from orchestrion.errors import UsageError

EnvironmentState: TypeAlias = Literal["not needed", "ready", "outdated", "missing"]
"""`outdated`: the requirements have changed since it was set up; actions run in it all the same."""

_INSTALLED: Final = "requirements"
_TOLD_LINES: Final = 15


class Environments:
    """The environments of all packs, in one folder, which is asked for when it is needed."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder

    def state_of(self, pack: Pack) -> EnvironmentState:
        """Whether a pack needs an environment, and has it. Raises UsageError."""
        wanted = _requirements(pack)
        if wanted is None:
            return "not needed"
        installed = self.folder_of(pack) / _INSTALLED
        if not installed.is_file():
            return "missing"
        return "ready" if read_text(installed) == wanted else "outdated"

    def folder_of(self, pack: Pack) -> Path:
        """Where the environment of a pack is, or would be."""
        return self._folder() / pack.ref

    def interpreter_for(self, pack: Pack) -> Path:
        """Give the interpreter for a pack's Python actions. Raises UsageError when it is to be set up."""
        match self.state_of(pack):
            case "not needed":
                return Path(sys.executable)
            case "missing":
                raise UsageError(
                    f"The pack {pack.ref} has a requirements.txt, and its environment is not set up on this "
                    f"machine. Set it up with: orchestrion pack setup {pack.ref}"
                )
            case "ready" | "outdated":
                return self.folder_of(pack) / "bin" / "python"

    def set_up(self, pack: Pack, say: Callable[[str], None]) -> EnvironmentState:
        """Install the requirements of a pack, in its environment if it has one. Raises UsageError.

        `say` is told what is being done.
        """
        wanted = _requirements(pack)
        if wanted is None:
            return "not needed"
        folder = self.folder_of(pack)
        with _alone(folder):
            if not (folder / _INSTALLED).is_file():
                say(f"Making {folder}")
                _perform([sys.executable, "-m", "venv", "--clear", str(folder)], pack)
            say(f"Installing {pack.folder / 'requirements.txt'}")
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
            _perform([*pip, "install", "--requirement", "requirements.txt"], pack)
            (folder / _INSTALLED).write_text(wanted, encoding="utf-8")
        return "ready"


def _requirements(pack: Pack) -> str | None:
    """Give the text of a pack's requirements; None when they name nothing."""
    file = pack.folder / "requirements.txt"
    if not file.is_file():
        return None
    text = read_text(file)
    lines = (line.strip() for line in text.splitlines())
    return text if any(line and not line.startswith("#") for line in lines) else None


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Let one process at a time set up an environment."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = (folder.parent / f".{folder.name}.lock").open("w")
    except OSError as error:
        raise UsageError(f"{folder.parent}: The folder cannot be written: {error.strerror}.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _perform(words: list[str], pack: Pack) -> None:
    """Perform a command in the pack's folder. Raises UsageError with the end of what it wrote."""
    done = subprocess.run(  # noqa: S603  # pip and venv, for requirements that the operator wants installed
        words,
        cwd=pack.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        raise UsageError(
            f"The environment of the pack {pack.ref} could not be set up. Correct what is said below, and "
            f"give the command again.",
            problems=lines[-_TOLD_LINES:] or [f"{words[0]} ended with {done.returncode}"],
        )
