"""Jinja expressions and templates (spec 2.1 to 2.3), through the `jinja2` library."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.parser import Parser
from jinja2.runtime import Context

from orchestrion.core.expressions.bounds import ExpressionLimitExceeded, refuse
from orchestrion.core.expressions.jinja_environment import BoundedEnvironment

_OUTCOME = "outcome"


@lru_cache(maxsize=1)
def environment() -> BoundedEnvironment:
    """The one environment of this process."""
    return BoundedEnvironment()


def is_undefined(value: object) -> bool:
    """Whether an expression gave no value at all."""
    return isinstance(value, Undefined)


class JinjaCode:
    """A compiled expression or template."""

    __slots__ = ("_is_text", "_template")

    def __init__(self, template: nodes.Template, *, is_text: bool) -> None:
        env = environment()
        with _not_too_deep():
            code = env.compile(env.bounded(template))
        self._template: Any = env.template_class.from_code(env, code, env.globals)
        self._is_text = is_text

    def evaluate(self) -> object:
        """The value of the expression, or the text of the template, in the current evaluation."""
        context: Context = self._template.new_context()
        pieces = self._template.root_render_func(context)
        if self._is_text:
            return environment().concat(pieces)
        for _ in pieces:
            pass
        return context.vars[_OUTCOME]


def compile_expression(text: str) -> JinjaCode:
    """Compile an expression given without its delimiters; raises TemplateSyntaxError."""
    parser = Parser(environment(), text, state="variable")
    with _not_too_deep():
        expression = parser.parse_expression()
    if not parser.stream.eos:
        raise TemplateSyntaxError("chunk after expression", parser.stream.current.lineno)
    body: list[nodes.Node] = [nodes.Assign(nodes.Name(_OUTCOME, "store", lineno=1), expression, lineno=1)]
    return JinjaCode(nodes.Template(body, lineno=1), is_text=False)


def compile_text(text: str) -> JinjaCode:
    """Compile a whole template."""
    with _not_too_deep():
        template = environment().parse(text)
    return JinjaCode(template, is_text=True)


def grammar_error(text: str) -> str | None:
    """What the parser says about a text with its braces, or None."""
    try:
        with _not_too_deep():
            environment().parse(text)
    except TemplateSyntaxError as error:
        return error.message
    except ExpressionLimitExceeded as error:
        return str(error)
    return None


@contextmanager
def _not_too_deep() -> Generator[None]:
    """The library recurses into a text, and Python into the code that it makes; neither without end."""
    try:
        yield
    except (RecursionError, IndentationError):
        raise refuse("is nested too deeply", "MAX_NESTING") from None
