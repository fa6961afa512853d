"""Text of others on its way to a terminal: control characters are shown, and do nothing.

Names of files, definitions, ids and results may hold anything. What reaches people goes through here, in
`render.output.Output` and in what `main` says about errors. Imports nothing of ours: `--help` needs it.
"""

import re
from typing import Final

_HIDDEN: Final = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROLS: Final = re.compile(f"[\x00-\x1f{_HIDDEN}]")
_CONTROLS_IN_JSON: Final = re.compile(f"[{_HIDDEN}]")
_SHORT: Final = {"\t": " ", "\n": r"\n", "\r": r"\r"}
_ONE_BYTE: Final = 0x100


def visible(text: str) -> str:
    r"""One line of text in which control characters are written out, such as `\x1b`; a tab is a blank."""
    return _CONTROLS.sub(_written_out, text)


def visible_json(text: str) -> str:
    """The same JSON, in which the controls that JSON does not escape by itself are escaped."""
    return _CONTROLS_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _written_out(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < _ONE_BYTE else f"\\u{code:04x}")
