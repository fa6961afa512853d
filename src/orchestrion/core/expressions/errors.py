"""What an evaluation can fail with.

The class names below are part of the texts that users see (spec 2.3, trap 26).
"""


class ExpressionError(Exception):
    """An expression could not be evaluated.

    `message` is `<ExceptionClass>: <text>`, exactly as it stands in a workflow's error entry (spec 2.3, 5.8).
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class VariableUndefinedError(Exception):
    """A variable that nobody has set (spec 2.2)."""

    def __init__(self, name: str) -> None:
        super().__init__(f'The variable "{name}" is undefined.')


class VariableInaccessibleError(Exception):
    """A private variable (spec 2.4)."""

    def __init__(self, name: str) -> None:
        super().__init__(f'The variable "{name}" is for internal use and inaccessible.')


class ExpressionEvaluationException(Exception):  # noqa: N818  # the name is shown to users
    """A function of the language was used where it has no meaning (spec 2.2)."""


class ExpressionLimitExceeded(Exception):  # noqa: N818  # the name is shown to users
    """An evaluation would go over one of the bounds of `bounds.py`; the text names the bound."""


_LONGEST = 8_192


def evaluation_error(kind: str, expression: str, error: BaseException) -> ExpressionError:
    """The entry for `error`, raised in `expression`. `kind` is the evaluator's exception class."""
    if isinstance(error, (RecursionError, MemoryError)):
        error = ExpressionLimitExceeded("The expression is nested too deeply.")
    message = getattr(error, "message", None)  # without the line that Jinja adds to a syntax error
    text = message if isinstance(message, str) else str(error)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}..."
    name = type(error).__name__
    return ExpressionError(f"{kind}: Unable to evaluate expression '{expression}'. {name}: {text}")
