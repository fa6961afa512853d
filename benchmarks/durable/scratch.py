"""A folder for stores on the disk of this project.

The system's temporary folder may be memory, which syncs nothing.
"""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = PROJECT / ".venv" / "bench"


@contextmanager
def scratch() -> Generator[Path]:
    """An empty folder, which is removed at the end."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        yield Path(name)
