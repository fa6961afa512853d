"""A program that stands for sudo, so that tests need neither its rights nor anybody's password.

As sudo may do, it runs the command in a session of its own, where no signal to its caller's group reaches it.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_SUDO = """\
#!/bin/bash
options=()
while [ "$1" != -- ]; do options+=("$1"); shift; done
shift
echo "${options[@]@Q}" >> "$0.log"
if [[ " ${options[*]} " = *" -S "* && ! -e "$0.free" ]]; then read -r word; echo "$word" >> "$0.log"; fi
exec setsid --wait "$@"
"""


class Sudo:
    """What stands for sudo in a folder: `log` has its options, and the password that it was given."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "sudo"
        self._path.write_text(_SUDO, encoding="utf-8")
        self._path.chmod(0o755)

    @property
    def log(self) -> str:
        return self._path.with_name("sudo.log").read_text(encoding="utf-8")

    def need_no_password(self) -> None:
        """From now on it asks for none, whatever it is told."""
        self._path.with_name("sudo.free").touch()


@contextmanager
def sudo_in(folder: Path) -> Generator[Sudo, None, None]:
    """Have it in a folder for a while."""
    yield Sudo(folder)
    for path in folder.glob("sudo*"):
        path.unlink()
