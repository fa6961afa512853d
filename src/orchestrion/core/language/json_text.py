r"""Reads a JSON text into a `TreeBuilder`, with the line and column of every part.

JSON is not quite a subset of YAML 1.1 (tabs between tokens, `\/`, surrogate pairs, long keys, numbers such
as `1e3`), so a text that is JSON is read as JSON. A text that is not is left to YAML: `read_json` then
answers False.
"""

import json
import re
from typing import Final

from orchestrion.core.language.tree import Mark, Scalar, TreeBuilder, Unreadable

_TOKEN: Final = re.compile(
    r"""[ \t\n\r]*(?:
        ([{}\[\],:])
      | ("(?:[^"\\\x00-\x1f]|\\.)*+")
      | (-?(?:0|[1-9]\d*)(?:(?:\.\d+)?[eE][-+]?\d+|\.\d+))
      | (-?(?:0|[1-9]\d*))
      | (true|false|null)\b)""",
    re.ASCII | re.VERBOSE,
)
_BLANK: Final = re.compile(r"[ \t\n\r]*")
_WORDS: Final[dict[str, Scalar]] = {"true": True, "false": False, "null": None}
_LONGEST_INTEGER: Final = 100


class _NotJson(Exception):  # noqa: N818  # a signal inside this module
    pass


def read_json(text: str, builder: TreeBuilder) -> bool:
    """Read a text as JSON; False when it is not JSON, and then the builder must be thrown away."""
    try:
        _Reader(text, builder).read()
    except (_NotJson, json.JSONDecodeError):
        return False
    return True


class _Reader:
    """One pass over the tokens with a stack of what is open: `{` or `[`, and what may come next."""

    def __init__(self, text: str, builder: TreeBuilder) -> None:
        self._text = text
        self._builder = builder
        self._position = 0
        self._line = 1
        self._line_start = 0
        self._counted = 0

    def read(self) -> None:
        open_brackets: list[str] = []
        kind, value = self._next()
        self._value(kind, value, open_brackets)
        while open_brackets:
            self._member(open_brackets)
        if _BLANK.fullmatch(self._text, self._position) is None:
            raise _NotJson

    def _member(self, open_brackets: list[str]) -> None:
        """Read one member of the innermost list or mapping, or its end."""
        bracket = open_brackets[-1]
        kind, value = self._next()
        if kind == ("}" if bracket[0] == "{" else "]") and not bracket.endswith(","):
            open_brackets.pop()
            self._builder.close()
            return
        if bracket.endswith("+"):  # a member stands before: only a comma leads to the next one
            if kind != ",":
                raise _NotJson
            open_brackets[-1] = bracket[0] + ","
            return
        open_brackets[-1] = bracket[0] + "+"
        if bracket[0] == "{":
            if kind != '"':
                raise _NotJson
            self._builder.scalar(value, self._mark)
            if self._next()[0] != ":":
                raise _NotJson
            kind, value = self._next()
        self._value(kind, value, open_brackets)

    def _value(self, kind: str, value: Scalar, open_brackets: list[str]) -> None:
        if kind == "{":
            self._builder.open_mapping(self._mark)
            open_brackets.append("{")
        elif kind == "[":
            self._builder.open_list(self._mark)
            open_brackets.append("[")
        elif kind in {'"', "scalar"}:
            self._builder.scalar(value, self._mark)
        else:
            raise _NotJson

    def _next(self) -> tuple[str, Scalar]:
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            raise _NotJson
        group = match.lastindex or 0
        found = match.group(group)
        self._position = match.end()
        self._mark = self._place(match.start(group))
        if group == 1:
            return found, None
        if group == 2:  # noqa: PLR2004  # the groups of _TOKEN in their order
            value: str = json.loads(found)
            return '"', value
        if group == 3:  # noqa: PLR2004
            return "scalar", float(found)
        if group == 4:  # noqa: PLR2004
            if len(found) > _LONGEST_INTEGER:
                raise Unreadable(
                    "an integer does not fit into 64 bits; quote it to make it a text", self._mark
                )
            return "scalar", int(found)
        return "scalar", _WORDS[found]

    def _place(self, position: int) -> Mark:
        newlines = self._text.count("\n", self._counted, position)
        if newlines:
            self._line += newlines
            self._line_start = self._text.rindex("\n", self._counted, position) + 1
        self._counted = position
        return self._line, position - self._line_start + 1
