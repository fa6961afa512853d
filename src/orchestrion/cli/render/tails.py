"""What actions write, line by line: of a workflow's with the name of the task before each."""

import sys
from collections.abc import Iterable
from typing import Final

from orchestrion.cli.render.output import Output
from orchestrion.client.views import Piece

_LONGEST: Final = 16_384
"""A longer line is shown in pieces, so that one that never ends is seen, and takes no room."""


class Lines:
    """Shows pieces as whole lines, each on the stream that it was written to."""

    def __init__(self) -> None:
        self._outputs: Final = {"stdout": Output(), "stderr": Output(sys.stderr)}
        self._begun: Final[dict[tuple[str, str], Piece]] = {}

    def show(self, pieces: Iterable[Piece]) -> None:
        """Show all lines that are whole by now."""
        for piece in pieces:
            key = (piece.execution, piece.stream)
            begun = self._begun.pop(key, None)
            text = piece.text if begun is None else begun.text + piece.text
            *lines, rest = text.split("\n")
            for line in lines:
                self._line(piece, line)
            while len(rest) > _LONGEST:
                self._line(piece, rest[:_LONGEST])
                rest = rest[_LONGEST:]
            if rest:
                self._begun[key] = piece._replace(text=rest)

    def end(self) -> None:
        """Show the last lines, which nothing ended."""
        for piece in self._begun.values():
            self._line(piece, piece.text)
        self._begun.clear()

    def _line(self, piece: Piece, line: str) -> None:
        name = "/".join((*piece.path, piece.task))
        self._outputs[piece.stream].cells((f"{name} | " if name else "", "dim"), line.removesuffix("\r"))
