"""Text to a terminal, or to whatever else reads it: colour, width, tables, times.

Colour and cutting to the width are for terminals only; in a pipe, with NO_COLOR or on a dumb terminal no
control code is written. What cannot be written (the reader is gone, the disk is full) never stops the work
that is shown.
"""

import contextlib
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TextIO, TypeAlias

from orchestrion.cli.streams import write
from orchestrion.cli.visible import visible, visible_json
from orchestrion.client.views import Json
from orchestrion.settings import current

_STYLES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
_STYLE_OF_STATUS: Final = {
    "succeeded": "green",
    "failed": "red",
    "timeout": "red",
    "abandoned": "red",
    "canceled": "yellow",
    "canceling": "yellow",
    "paused": "yellow",
    "pausing": "yellow",
    "pending": "yellow",
    "running": "cyan",
    "resuming": "cyan",
    "retrying": "cyan",
}
_MARKS: Final = {
    "succeeded": "✔",
    "failed": "✘",
    "timeout": "✘",
    "abandoned": "✘",
    "canceled": "■",
    "paused": "‖",
    "pausing": "‖",
    "pending": "?",
    "running": "▶",
    "resuming": "▶",
    "retrying": "↻",
    "delayed": "…",
}
_PLAIN_MARKS: Final = {"✔": "+", "✘": "x", "■": "-", "‖": "=", "▶": ">", "↻": "~", "…": ".", "·": "."}


VALUE_CELLS: Final = 2_000
"""How many columns of one value are shown where no terminal has fewer."""
_NARROWEST: Final = 12
_LEAST: Final = 4
"""Fewer columns than that tell nothing."""
_ELLIPSIS: Final = "…"
_CHARACTERS_A_CELL: Final = 4
"""How many characters are looked at for each column that there is to fill: some take none."""
_MINUTE: Final = 60

Cell: TypeAlias = str | tuple[str, str | None]
"""What a table holds: a text, or a text and its style."""


def style_of(status: str) -> str | None:
    """The colour of a status."""
    return _STYLE_OF_STATUS.get(status.partition(" ")[0])


class Output:
    """Writes to one stream. `is_live`: control codes are welcome there."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream: Final = sys.stdout if stream is None else stream
        dumb = os.environ.get("TERM", "dumb") == "dumb"
        plain = dumb or os.environ.get("NO_COLOR") or current().word("color") == "never"
        self.is_terminal: Final = self.stream.isatty()
        self.is_live: Final = self.is_terminal and not plain
        self._unicode = "utf" in (self.stream.encoding or "").lower()
        self._broken = False

    @property
    def width(self) -> int | None:
        """How many columns there are; None where nothing has to be cut."""
        return shutil.get_terminal_size((80, 24)).columns if self.is_terminal else None

    def mark(self, status: str) -> str:
        """One character for a status."""
        mark = _MARKS.get(status.partition(" ")[0], "·")
        return mark if self._unicode else _PLAIN_MARKS.get(mark, mark)

    def line(self, text: str = "", style: str | None = None) -> None:
        """Write a line."""
        self.cells((text, style))

    def cells(self, *cells: Cell) -> None:
        """Write a line of several parts, each in its own style."""
        self._write("".join(self._styled(_text(cell), _style(cell)) for cell in cells) + "\n")

    def _styled(self, text: str, style: str | None) -> str:
        """The text in a style, where there are styles; the only control codes are those of the style."""
        shown = visible(text)
        return f"\x1b[{_STYLES[style]}m{shown}\x1b[0m" if style and shown and self.is_live else shown

    def line_at_once(self, text: str) -> None:
        """Write a line past all buffers, which may be in use: for signal handlers."""
        with contextlib.suppress(OSError):
            os.write(self.stream.fileno(), f"{visible(text)}\n".encode(self.stream.encoding, "replace"))

    def table(self, rows: Sequence[Sequence[Cell]], indent: str = "", ids: int | None = None) -> None:
        """Write rows in columns, cut to the width where there is one; `ids` is the column of the ids."""
        for line in columns(rows, self.width, indent, self._styled, ids):
            self._write(f"{line}\n")

    def facts(self, facts: Iterable[tuple[str, Cell | None]]) -> None:
        """Write names and values, one a line; those without a value are left out."""
        known = [(name, value) for name, value in facts if value is not None]
        wide = max((len(name) for name, _ in known), default=0)
        for name, value in known:
            self.cells((name.ljust(wide), "dim"), "  ", value)

    def json(self, document: Any) -> None:
        """Write a JSON document, exactly."""
        self._write(visible_json(json.dumps(document, indent=2, ensure_ascii=False)) + "\n")

    def text(self, text: str) -> None:
        """Write lines of text as they are, but for control characters."""
        for line in text.split("\n"):
            self.line(line)

    def parts(self, parts: Iterable[str]) -> None:
        """Write what a program reads, part by part, as it is; once nobody reads it, no more is asked for."""
        for part in parts:
            self._write(part)
            if self._broken:
                return

    def yaml(self, document: Any) -> None:
        """Write a YAML document, exactly; the writer escapes control characters itself."""
        import yaml

        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        self._write(yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True))

    def _write(self, text: str) -> None:
        if self._broken:
            return
        try:
            self._broken = not write(self.stream, text)
        except UnicodeEncodeError:
            encoding = self.stream.encoding or "ascii"
            self._write(text.encode(encoding, "replace").decode(encoding))


def columns(
    rows: Sequence[Sequence[Cell]],
    width: int | None,
    indent: str,
    paint: Callable[[str, str | None], str],
    ids: int | None = None,
) -> list[str]:
    """Rows as lines, in columns two blanks apart; the widest columns are cut where there is a width."""
    if not rows:
        return []
    wide = [max(_cells(_text(row[at])) for row in rows) for at in range(len(rows[0]))]
    if width is not None:
        wide = _fitting(wide, width - len(indent), ids)
        rows = [row[: len(wide)] for row in rows]
    lines: list[str] = []
    for row in rows:
        last = max((at for at, cell in enumerate(row) if _text(cell)), default=0)
        cells = [
            paint(_padded(_text(cell), wide[at] if at < last else 0, wide[at]), _style(cell))
            for at, cell in enumerate(row[: last + 1])
        ]
        lines.append(indent + "  ".join(cells))
    return lines


def _fitting(wide: Sequence[int], room: int, ids: int | None) -> list[int]:
    """Widths of columns that fit: the widest give way first, and ids, which people copy, only at the last.

    Where that leaves nothing to read, the last columns are left out.
    """
    least = [one if at == ids else min(one, _LEAST) for at, one in enumerate(wide)]
    shown = len(wide)
    while shown > 1 and sum(least[:shown]) + 2 * (shown - 1) > room:
        shown -= 1
    room -= 2 * (shown - 1)
    found = [min(one, max(1, room)) for one in wide[:shown]]
    legible = [max(one, _NARROWEST) for one in least]
    for floors in (legible, least):
        while sum(found) > room:
            at = max(range(shown), key=lambda one: found[one] if found[one] > floors[one] else 0)
            if found[at] <= floors[at]:
                break
            found[at] -= 1
    return found


def _text(cell: Cell) -> str:
    return visible(cell if isinstance(cell, str) else cell[0])


def _style(cell: Cell) -> str | None:
    return None if isinstance(cell, str) else cell[1]


def cut(text: str, cells: int) -> str:
    """The text in at most that many columns."""
    if _cells(text) <= cells:
        return text
    kept, used = "", 0
    for character in text:
        used += _cells(character)
        if used > cells - 1:
            break
        kept += character
    return f"{kept}{_ELLIPSIS}"


def _padded(text: str, cells: int, most: int) -> str:
    shown = cut(text, most)
    return shown + " " * (cells - _cells(shown))


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def compact(value: Json, most: int = VALUE_CELLS) -> str:
    """A value on one line, in at most that many columns: a text as it is, everything else as JSON.

    What is not shown costs nothing: a result may have many megabytes.
    """
    text, enough = "", _CHARACTERS_A_CELL * most
    for piece in (value[: enough + 1],) if isinstance(value, str) else _json_pieces(value, enough):
        text += piece
        if len(text) > enough:
            return cut(visible(text[:enough]) + _ELLIPSIS, most)
    return cut(visible(text), most)


def _json_pieces(value: Json, longest: int) -> Iterator[str]:
    """A value as JSON, piece by piece; of a text that is longer than `longest` so much that it is seen."""
    if isinstance(value, dict):
        yield "{"
        for number, (name, one) in enumerate(value.items()):
            yield from (", " if number else "", *_json_pieces(name, longest), ": ")
            yield from _json_pieces(one, longest)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for number, one in enumerate(value):
            yield ", " if number else ""
            yield from _json_pieces(one, longest)
        yield "]"
    else:
        yield json.dumps(value[: longest + 1] if isinstance(value, str) else value, ensure_ascii=False)


def local_time(microseconds: int | None, precision: str = "seconds") -> str | None:
    """A time as people here read it, with its offset from UTC; `precision` as `isoformat` knows it."""
    if microseconds is None:
        return None
    whole, rest = divmod(microseconds, 1_000_000)
    moment = datetime.fromtimestamp(whole, UTC).replace(microsecond=rest)
    return moment.astimezone().isoformat(" ", precision)


def utc_time(microseconds: int | None) -> str | None:
    """A time as programs read it."""
    if microseconds is None:
        return None
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{microseconds % 1_000_000:06d}Z"


def duration(started: int | None, ended: int | None) -> str | None:
    """How long something took."""
    if started is None or ended is None:
        return None
    seconds = max(0, ended - started) / 1_000_000
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
