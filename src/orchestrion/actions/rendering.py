"""Render the Jinja in defaults of action metadata, and nothing else (spec 6.3).

Only metadata is code. A value that a caller, an expression or an action supplied is data: defaults may refer
to it, and it is inserted as it is, never rendered. Strict: an unknown name is a problem, not an empty text.

A template runs in the sandbox of expressions, within the same bounds: values from outside can make it long.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from orchestrion.core.expressions.evaluation import Evaluation
from orchestrion.core.values import Json, texts_in

if TYPE_CHECKING:
    from orchestrion.core.expressions.jinja_environment import BoundedEnvironment
    from orchestrion.core.expressions.scope import Scope

MAX_TEMPLATE: Final = 1024 * 1024
"""The longest template, in characters."""

Functions = Mapping[str, Callable[..., Any]]
"""What templates may call, by name; each is a function and a filter."""

_NO_FUNCTIONS: Final[Functions] = {}


class RenderingError(Exception):
    """A template could not be rendered; the text says why."""


def names_in(template: Json, functions: Functions = _NO_FUNCTIONS) -> frozenset[str]:
    """Give the names that a template (a text, or texts in lists and mappings) refers to.

    Raises `RenderingError` when it is not valid Jinja.
    """
    names: set[str] = set()
    for text in texts_in(template):
        if "{" in text:
            names |= _names(_environment(_frozen(functions)), text)
    return frozenset(names - functions.keys())


def render(
    template: Json, variables: Mapping[str, object], functions: Functions = _NO_FUNCTIONS, *, keep_type: bool
) -> Json:
    """Render a template. `keep_type`: a text that is one expression as a whole gives the value, not its text.

    Inside lists and mappings a value always keeps its type. Raises `RenderingError`.
    """
    environment = _environment(_frozen(functions))
    if isinstance(template, str):
        return _render_text(environment, template, variables, keep_type=keep_type)
    if isinstance(template, list):
        return [render(item, variables, functions, keep_type=True) for item in template]
    if isinstance(template, dict):
        return {key: render(item, variables, functions, keep_type=True) for key, item in template.items()}
    return template


def in_order(dependencies: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """Order names so that each comes after those it depends on.

    Gives the order, without names that stand in a cycle or depend on one, and the names that stand in one (or
    between two), sorted. Names that are not keys of `dependencies` have no dependencies and are left out.
    """
    waiting = {
        name: {other for other in others if other in dependencies} for name, others in dependencies.items()
    }
    order: list[str] = []
    while ready := [name for name, others in waiting.items() if not others]:
        order += ready
        for name in ready:
            del waiting[name]
        for others in waiting.values():
            others.difference_update(ready)
    while outer := waiting.keys() - {name for others in waiting.values() for name in others}:
        for name in outer:
            del waiting[name]
    return order, sorted(waiting)


def _render_text(
    environment: "BoundedEnvironment", text: str, variables: Mapping[str, object], *, keep_type: bool
) -> Json:
    if "{" not in text:
        return text

    def evaluate() -> Json:
        if keep_type and (expression := _whole_expression(environment, text)) is not None:
            return _plain(expression(**variables))
        return environment.concat(_compiled(environment, text).generate(**variables))

    try:
        return Evaluation(cast("Scope", None), frozen=False).run(evaluate)
    except RenderingError:
        raise
    except Exception as error:  # whatever a template's filters and operators raise
        raise RenderingError(str(error) or type(error).__name__) from error


def _plain(value: object) -> Json:
    """Give an expression's value as JSON; what JSON has not becomes text."""
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        str(value)  # raises, with the message that names it
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): _plain(item) for key, item in items}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in cast("list[object]", value)]
    return str(value)


def _frozen(functions: Functions) -> frozenset[tuple[str, Callable[..., Any]]]:
    return frozenset(functions.items())


@lru_cache(maxsize=16)
def _environment(functions: frozenset[tuple[str, Callable[..., Any]]]) -> "BoundedEnvironment":
    """The sandbox of expressions, with the names and the texts of metadata instead of those of workflows."""
    from jinja2.defaults import DEFAULT_NAMESPACE

    from orchestrion.core.expressions.jinja_environment import BoundedEnvironment

    class Metadata(BoundedEnvironment):
        def _generate(self, source: Any, *names: Any, **options: Any) -> str:
            return super()._generate(self.bounded(source), *names, **options)

    environment = Metadata()
    environment.trim_blocks = environment.lstrip_blocks = False
    environment.keep_trailing_newline = True
    environment.finalize = None
    standard = {name: environment.globals[name] for name in DEFAULT_NAMESPACE}
    environment.globals.clear()
    environment.globals.update(standard)
    environment.globals.update(dict(functions))
    environment.filters.update(dict(functions))
    return environment


@lru_cache(maxsize=1024)
def _names(environment: "BoundedEnvironment", text: str) -> frozenset[str]:
    from jinja2 import TemplateSyntaxError, meta

    if len(text) > MAX_TEMPLATE:
        raise RenderingError(f"the template has more than {MAX_TEMPLATE} characters")
    try:
        return frozenset(meta.find_undeclared_variables(environment.parse(text)))
    except TemplateSyntaxError as error:
        raise RenderingError(str(error)) from error


@lru_cache(maxsize=1024)
def _compiled(environment: "BoundedEnvironment", text: str) -> Any:
    if len(text) > MAX_TEMPLATE:
        raise RenderingError(f"the template has more than {MAX_TEMPLATE} characters")
    return environment.from_string(text)


@lru_cache(maxsize=1024)
def _whole_expression(environment: "BoundedEnvironment", text: str) -> Callable[..., object] | None:
    """Compile a text that is one `{{ … }}` and nothing else; None for any other text."""
    from jinja2 import nodes

    if len(text) > MAX_TEMPLATE or not (text.startswith("{{") and text.endswith("}}")):
        return None
    body = environment.parse(text).body
    if len(body) != 1 or not isinstance(body[0], nodes.Output):
        return None
    parts = body[0].nodes
    if len(parts) != 1 or isinstance(parts[0], nodes.TemplateData):
        return None
    source = text[2:-2].strip("+-")
    return cast("Callable[..., object]", environment.compile_expression(source, undefined_to_none=False))
