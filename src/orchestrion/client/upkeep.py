"""The client's way to the upkeep of a store: backup and check."""

from pathlib import Path
from typing import NamedTuple

from orchestrion.actions.revisions import Revisions, folder_of_revisions
from orchestrion.errors import UsageError
from orchestrion.store import upkeep
from orchestrion.store.upkeep import Soundness, check

__all__ = ["Backup", "Soundness", "backup", "check"]


class Backup(NamedTuple):
    """A copy of a store that was made.

    `size` is that of its file in bytes, `key_file` opens its secrets, if it has any, and is not in it.
    `packs` is where the revisions of packs are that its executions use; `missing` are those that were not
    there.
    """

    path: Path
    size: int
    key_file: Path | None
    packs: Path | None
    missing: tuple[str, ...]


def backup(database: Path, target: Path) -> Backup:
    """Copy a store while others use it, with the revisions of packs that its executions use.

    Raises UsageError when the target is there, or cannot be made; StoreError.
    """
    made = upkeep.backup(database, target)
    if not made.revisions:
        return Backup(made.path, made.size, made.key_file, None, ())
    packs = folder_of_revisions(target)
    try:
        missing = Revisions(database.resolve()).copy_to(target, made.revisions)
    except OSError as error:
        target.unlink()  # there is a copy of all, or none
        raise UsageError(
            f"{packs}: the packs that the executions use cannot be copied there, so there is no copy: "
            f"{error.strerror or error}."
        ) from error
    except BaseException:  # interrupted
        target.unlink()
        raise
    names = tuple(f"{pack}@{name}" for pack, name in missing)
    return Backup(made.path, made.size, made.key_file, packs, names)
