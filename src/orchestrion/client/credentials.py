"""What log-ins have brought: for each server a token, in a file of the user's that nobody else may read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Final, cast

from orchestrion.errors import UsageError

_OF_OTHERS: Final = 0o077


def token_for(file: Path, url: str) -> str | None:
    """The token that a log-in at a server has brought. Raises UsageError when the file is not to be used."""
    found = _read(file).get(_name(url))
    return found if isinstance(found, str) else None


def keep_token(file: Path, url: str, token: str) -> None:
    """Keep the token of a server, instead of one that is there. Raises UsageError."""
    known = {**_read(file), _name(url): token}
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = mkstemp(dir=file.parent, prefix=f".{file.name}.")  # readable for its owner alone
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(known, stream, indent=2)
        Path(name).replace(file)
    except OSError as error:
        raise UsageError(f"{file}: the token cannot be kept: {error.strerror}.") from error


def _name(url: str) -> str:
    return url.rstrip("/")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        with file.open(encoding="utf-8") as stream:
            if os.fstat(stream.fileno()).st_mode & _OF_OTHERS:
                raise UsageError(f"{file}: others may read this file of tokens. Run: chmod 600 {file}")
            found: object = json.load(stream)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{file}: the tokens cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{file}: this is no file of tokens. Remove it, and log in again.") from error
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}
