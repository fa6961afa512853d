"""One expression of a template: the fast path first, then the evaluator of its language (spec 2.1 to 2.3)."""

from collections.abc import Callable
from typing import Protocol, TypeVar, cast

from orchestrion.core.expressions.bounds import MAX_EXPRESSION, MAX_NESTING, Budget, refuse
from orchestrion.core.expressions.errors import ExpressionError, evaluation_error
from orchestrion.core.expressions.evaluation import Evaluation
from orchestrion.core.expressions.fast import compile_fast
from orchestrion.core.expressions.results import checked, is_list, to_json, to_text, to_truth
from orchestrion.core.expressions.scope import MissingValue, Scope
from orchestrion.core.expressions.syntax import Language
from orchestrion.core.values import Json

T = TypeVar("T")
Finish = Callable[[object, Budget, Language], T]

_KINDS = {"yaql": "YaqlEvaluationException", "jinja": "JinjaEvaluationException"}


class Unresolved(Exception):  # noqa: N818  # becomes an error only when the whole text is known
    """A Jinja expression that gave no value; holds its text without delimiters."""

    def __init__(self, inner: str) -> None:
        super().__init__(inner)
        self.inner = inner


class _Code(Protocol):
    def __call__(self) -> object: ...


class Part:
    """An expression, compiled when it is first needed."""

    __slots__ = ("_code", "fast", "inner", "language", "text")

    def __init__(self, language: Language, text: str) -> None:
        self.language: Language = language
        self.text = text
        self.inner = text[2:-2].strip()
        self.fast = compile_fast(language, self.inner)
        """Gives the value without the library of the language, or raises whatever it likes."""
        self._code: _Code | None = None

    def value(self, scope: Scope) -> Json:
        """Its value. Raises ExpressionError, Unresolved; lets MissingValue pass."""
        if self.fast is not None:
            try:
                return self.fast(scope)
            except Exception:  # noqa: BLE001, S110  # whatever it is: the evaluator has the last word
                pass
        return self.evaluate(scope, to_json)

    def text_of(self, scope: Scope) -> str:
        """Its value as a part of a text. Raises as `value` does."""
        if self.fast is not None:
            try:
                value = self.fast(scope)
                return (
                    str(value)
                    if not isinstance(value, (list, dict))
                    else to_text(value, Budget(), self.language)
                )
            except Exception:  # noqa: BLE001, S110
                pass
        return self.evaluate(scope, to_text)

    def holds(self, scope: Scope) -> bool:
        """Whether its value holds as a condition (spec 5.3). Raises as `value` does."""
        if self.fast is not None:
            try:
                return bool(self.fast(scope))
            except Exception:  # noqa: BLE001, S110
                pass
        return self.evaluate(scope, to_truth)

    def items(self, scope: Scope) -> list[Json]:
        """Its value as the items of with-items (spec 5.6): only what is a list passes."""
        if self.fast is not None:
            try:
                value = self.fast(scope)
                if isinstance(value, list):
                    return value
            except Exception:  # noqa: BLE001, S110
                pass
        return self.evaluate(scope, self._as_items)

    def _as_items(self, value: object, budget: Budget, language: Language) -> list[Json]:
        if not is_list(value, language):
            raise not_a_list(self.text)
        return cast("list[Json]", to_json(value, budget, language))

    def evaluate(self, scope: Scope, finish: Finish[T]) -> T:
        """Its value by the evaluator of its language, handed to `finish` while the budget is open."""
        evaluation = Evaluation(scope, frozen=self.language == "yaql")
        try:
            return evaluation.run(lambda: finish(self._outcome(), evaluation.budget, self.language))
        except (ExpressionError, MissingValue, Unresolved, ImportError):
            raise
        except Exception as error:  # whatever a library raises is shown by its name (trap 26)
            raise self._error(error) from error

    def _outcome(self) -> object:
        if self._code is None:
            self._code = _compiled(self.language, self.inner)
        value = self._code()
        if self.language == "jinja":
            from orchestrion.core.expressions import jinja_dialect

            if jinja_dialect.is_undefined(value):
                raise Unresolved(self.inner)
        return value

    def _error(self, error: Exception) -> ExpressionError:
        kind = _KINDS[self.language]
        if isinstance(error, KeyError) and self.language == "yaql":
            key = error.args[0] if error.args else ""
            return ExpressionError(
                f"{kind}: Unable to resolve key '{key}' in expression '{self.text}' from context."
            )
        return evaluation_error(kind, self.text, error)


class BlockPart:
    """A text with Jinja blocks: one template, whose value is always a text (spec 2.1)."""

    __slots__ = ("_code", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._code: _Code | None = None

    def text_of(self, scope: Scope) -> str:
        """The rendered text."""
        evaluation = Evaluation(scope, frozen=False)
        try:
            return cast("str", checked(evaluation.run(self._outcome)))
        except (ExpressionError, MissingValue, ImportError):
            raise
        except Exception as error:
            raise evaluation_error(_KINDS["jinja"], self.text, error) from error

    def _outcome(self) -> Json:
        from orchestrion.core.expressions import jinja_dialect

        if self._code is None:
            check_size(self.text)
            self._code = jinja_dialect.compile_text(self.text).evaluate
        return cast("Json", self._code())


def not_a_list(text: str) -> ExpressionError:
    """The error of with-items for what is no list (spec 5.6)."""
    return ExpressionError(f'TypeError: The value of "{text}" is not type of list.')


def unresolved(inners: list[str]) -> ExpressionError:
    """The error for Jinja expressions that gave no value (spec 2.3)."""
    return ExpressionError(f"{_KINDS['jinja']}: There are unresolved variables: {', '.join(inners)}")


def check_size(text: str) -> None:
    """Refuse an expression before its parser can run away on it."""
    if len(text) > MAX_EXPRESSION:
        raise refuse("is too long", "MAX_EXPRESSION")
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        raise refuse("is nested too deeply", "MAX_NESTING")


def _compiled(language: Language, inner: str) -> _Code:
    check_size(inner)
    if language == "yaql":
        from orchestrion.core.expressions import yaql_dialect

        return yaql_dialect.compile_expression(inner)
    from orchestrion.core.expressions import jinja_dialect

    return jinja_dialect.compile_expression(inner).evaluate
