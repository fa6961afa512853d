"""Regular expressions that cannot run away.

The `regex` library reads the syntax of Python's `re` (look-around and back references included, which an
engine of linear time could not offer) and gives up after a set time. Nobody else in this package compiles a
pattern.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import regex

from orchestrion.core.expressions.bounds import REGEX_SECONDS, STEPS_PER_REGEX
from orchestrion.core.expressions.evaluation import current

T = TypeVar("T")
PATTERN_TYPE: type = regex.Pattern
if TYPE_CHECKING:
    Pattern: TypeAlias = regex.Pattern[str]
    Match: TypeAlias = regex.Match[str]
else:  # the types of the library cannot be subscripted when the program runs
    Pattern, Match = regex.Pattern, regex.Match

IGNORECASE = int(regex.IGNORECASE)
MULTILINE = int(regex.MULTILINE)
DOTALL = int(regex.DOTALL)
_LEAST_PATIENCE = 0.000_001


@lru_cache(maxsize=512)
def _compiled(pattern: str, flags: int) -> Pattern:
    return regex.compile(pattern, flags)


def compile_pattern(pattern: str, flags: int = 0) -> Pattern:
    """A pattern in the syntax of Python's `re`."""
    current().budget.pattern(pattern)
    return _compiled(pattern, flags)


def _patiently(text: str, match: Callable[[float], T]) -> T:
    budget = current().budget
    budget.step(STEPS_PER_REGEX)
    budget.look_at(text)
    start = perf_counter()
    try:
        return match(budget.patience)
    except TimeoutError:
        raise budget.fail("has a pattern that takes too long to match", "REGEX_SECONDS") from None
    finally:
        budget.patience = max(budget.patience - (perf_counter() - start), _LEAST_PATIENCE)


def found(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text, outside of evaluations. Raises ValueError if that takes long."""
    try:
        return _compiled(pattern, 0).search(text, timeout=REGEX_SECONDS) is not None
    except TimeoutError:
        raise ValueError(f"the pattern {pattern!r} takes too long to match") from None


def search(pattern: Pattern, text: str) -> Match | None:
    """The first match anywhere."""
    return _patiently(text, lambda patience: pattern.search(text, timeout=patience))


def match_start(pattern: Pattern, text: str) -> Match | None:
    """The match at the start."""
    return _patiently(text, lambda patience: pattern.match(text, timeout=patience))


def find_all(pattern: Pattern, text: str) -> list[Match]:
    """All matches, in order."""

    def collect(patience: float) -> list[Match]:
        budget = current().budget
        return list(budget.counted(pattern.finditer(text, timeout=patience)))

    return _patiently(text, collect)


def replace(pattern: Pattern, text: str, replacement: str | Callable[[Match], str], count: int = 0) -> str:
    """`text` with its matches replaced; the size is known before the whole is built."""
    budget = current().budget
    pieces: list[str] = []
    size = end = 0
    for number, found in enumerate(find_all(pattern, text)):
        if count and number >= count:
            break
        new = replacement(found) if callable(replacement) else _expanded(found, replacement)
        pieces += (text[end : found.start()], new)
        size += len(pieces[-2]) + len(new)
        budget.look_at(new)
        if size > budget.room:
            budget.about_to_build(size)
        end = found.end()
    pieces.append(text[end:])
    budget.about_to_build(size + len(pieces[-1]))
    return "".join(pieces)


def _expanded(found: Match, template: str) -> str:
    if "\\" not in template:
        return template
    budget = current().budget
    budget.about_to_build(len(template) + template.count("\\") * len(found.group()))
    return found.expand(template)


def split(pattern: Pattern, text: str, max_split: int = 0) -> list[str | None]:
    """`text` split at the matches; groups of the pattern stand between the pieces."""
    pieces: list[str | None] = []
    end = 0
    for number, found in enumerate(find_all(pattern, text)):
        if max_split and number >= max_split:
            break
        pieces += (text[end : found.start()], *found.groups())
        end = found.end()
    pieces.append(text[end:])
    return pieces


def escape(text: str) -> str:
    """`text` as a pattern that matches it, as Python's `re.escape` writes it."""
    return re.escape(text)
