"""What a path leads to."""

import stat
from pathlib import Path
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["file", "folder", "other"]


def kind_of(path: str | Path) -> Kind | None:
    """What is there; None: nothing that can be seen, for example since no file can have such a name."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else "other"
