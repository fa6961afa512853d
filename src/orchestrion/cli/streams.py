"""Writing to standard output and error: what cannot be written ends no work, and is told at the end.

Imports nothing of ours: `--help` needs it.
"""

from typing import Final, TextIO

lost: Final[list[OSError]] = []
"""Why something could not be written: the first stands for all."""


def write(stream: TextIO, text: str) -> bool:
    """Write a text at once; whether there is any use in writing more."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        return False  # whoever read it has seen enough
    except OSError as error:
        lost.append(error)
        return False
    return True
