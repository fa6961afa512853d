"""The virtual environment of a peer: made when it is first needed, and anew when its requirements change."""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

_SOURCES: Final = Path(__file__).parent
_FOLDER: Final = _SOURCES.parents[1] / ".venv" / "peers"


def source_of(file: str) -> Path:
    """A file of this folder."""
    return _SOURCES / file


def python_of(peer: str) -> Path:
    """The interpreter that has a peer, which is named as its file of requirements."""
    requirements = source_of(f"{peer}_requirements.txt")
    folder = _FOLDER / peer
    installed = folder / "installed.txt"
    python = folder / "bin" / "python"
    wanted = requirements.read_text(encoding="utf-8")
    if not installed.is_file() or installed.read_text(encoding="utf-8") != wanted:
        print(f"Installing {peer} into {folder} (once)", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(requirements)], stdout=sys.stderr, check=True)
        installed.write_text(wanted, encoding="utf-8")
    return python
