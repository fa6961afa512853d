# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUntypedFunctionDecorator=false
"""YAQL's functions for regular expressions, with an engine that cannot run away."""

from collections.abc import Callable, Iterator
from typing import Any

from yaql.language import specs, yaqltypes

from orchestrion.core.expressions import regexes
from orchestrion.core.expressions.regexes import PATTERN_TYPE, Match, Pattern

_STRING = yaqltypes.String()


@specs.parameter("pattern", _STRING)
def regex(
    pattern: str,
    ignore_case: bool = False,  # noqa: FBT001, FBT002
    multi_line: bool = False,  # noqa: FBT001, FBT002
    dot_all: bool = False,  # noqa: FBT001, FBT002
) -> Pattern:
    """A compiled pattern."""
    flags = regexes.IGNORECASE * ignore_case | regexes.MULTILINE * multi_line | regexes.DOTALL * dot_all
    return regexes.compile_pattern(pattern, flags)


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.method
def matches(regexp: Pattern, string: str) -> bool:
    """Whether a pattern matches anywhere."""
    return regexes.search(regexp, string) is not None


@specs.parameter("string", _STRING)
@specs.parameter("regexp", _STRING)
@specs.name("matches")
@specs.method
def matches_text(string: str, regexp: str) -> bool:
    """Whether a pattern given as text matches anywhere."""
    return regexes.search(regexes.compile_pattern(regexp), string) is not None


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.name("#operator_=~")
def does_match(string: str, regexp: Pattern) -> bool:
    """`text =~ pattern`."""
    return regexes.search(regexp, string) is not None


@specs.parameter("pattern", _STRING)
@specs.parameter("string", _STRING)
@specs.name("#operator_=~")
def does_match_text(string: str, pattern: str) -> bool:
    """`text =~ pattern`, the pattern given as text."""
    return regexes.search(regexes.compile_pattern(pattern), string) is not None


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.name("#operator_!~")
def does_not_match(string: str, regexp: Pattern) -> bool:
    """`text !~ pattern`."""
    return regexes.search(regexp, string) is None


@specs.parameter("pattern", _STRING)
@specs.parameter("string", _STRING)
@specs.name("#operator_!~")
def does_not_match_text(string: str, pattern: str) -> bool:
    """`text !~ pattern`, the pattern given as text."""
    return regexes.search(regexes.compile_pattern(pattern), string) is None


def _published(context: Any, found: Match) -> Any:
    """A context in which the match is `$`, its groups `$2` and so on, and named groups have their names."""
    inner = context.create_child_context()
    for number in range(found.re.groups + 1):
        inner[f"${number + 1}"] = {
            "value": found[number],
            "start": found.start(number),
            "end": found.end(number),
        }
    for name, number in found.re.groupindex.items():
        inner[f"${name}"] = {"value": found[number], "start": found.start(number), "end": found.end(number)}
    return inner


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.parameter("selector", yaqltypes.Lambda(with_context=True))
@specs.method
def search(context: Any, regexp: Pattern, string: str, selector: Callable[[Any], Any] | None = None) -> Any:
    """The first match, or what the selector makes of it."""
    found = regexes.search(regexp, string)
    if found is None:
        return None
    return found.group() if selector is None else selector(_published(context, found))


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.parameter("selector", yaqltypes.Lambda(with_context=True))
@specs.method
def search_all(
    context: Any, regexp: Pattern, string: str, selector: Callable[[Any], Any] | None = None
) -> Iterator[Any]:
    """All matches, or what the selector makes of them."""
    for found in regexes.find_all(regexp, string):
        yield found.group() if selector is None else selector(_published(context, found))


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.parameter("max_split", int)
@specs.method
def split(regexp: Pattern, string: str, max_split: int = 0) -> list[str | None]:
    """The pieces between the matches."""
    return regexes.split(regexp, string, max_split)


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.parameter("max_split", int)
@specs.name("split")
@specs.method
def split_text(string: str, regexp: Pattern, max_split: int = 0) -> list[str | None]:
    """The pieces between the matches; a method of the text."""
    return regexes.split(regexp, string, max_split)


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.parameter("repl", _STRING)
@specs.parameter("count", int)
@specs.method
def replace(regexp: Pattern, string: str, repl: str, count: int = 0) -> str:
    """The text with its matches replaced."""
    return regexes.replace(regexp, string, repl, count)


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.parameter("repl", _STRING)
@specs.parameter("count", int)
@specs.name("replace")
@specs.method
def replace_text(string: str, regexp: Pattern, repl: str, count: int = 0) -> str:
    """The text with its matches replaced; a method of the text."""
    return regexes.replace(regexp, string, repl, count)


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.parameter("repl", yaqltypes.Lambda(with_context=True))
@specs.parameter("count", int)
@specs.method
def replace_by(context: Any, regexp: Pattern, string: str, repl: Callable[[Any], str], count: int = 0) -> str:
    """The text with its matches replaced by what an expression gives."""
    return regexes.replace(regexp, string, lambda found: repl(_published(context, found)), count)


@specs.parameter("regexp", PATTERN_TYPE)
@specs.parameter("string", _STRING)
@specs.parameter("repl", yaqltypes.Lambda(with_context=True))
@specs.parameter("count", int)
@specs.name("replaceBy")
@specs.method
def replace_text_by(
    context: Any, string: str, regexp: Pattern, repl: Callable[[Any], str], count: int = 0
) -> str:
    """The same as a method of the text."""
    return regexes.replace(regexp, string, lambda found: repl(_published(context, found)), count)


@specs.parameter("string", _STRING)
def escape_regex(string: str) -> str:
    """A pattern that matches the text itself."""
    return regexes.escape(string)


def is_regex(value: Any) -> bool:
    """Whether a value is a compiled pattern."""
    return isinstance(value, PATTERN_TYPE)


_FUNCTIONS: tuple[Callable[..., Any], ...] = (
    regex,
    matches,
    matches_text,
    does_match,
    does_match_text,
    does_not_match,
    does_not_match_text,
    search,
    search_all,
    split,
    split_text,
    replace,
    replace_text,
    replace_by,
    replace_text_by,
    escape_regex,
    is_regex,
)


def register(context: Any) -> None:
    """Register all of them under the names of YAQL's own."""
    for function in _FUNCTIONS:
        context.register_function(function)
