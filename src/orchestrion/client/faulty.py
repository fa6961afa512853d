"""What cannot start because something that is kept on disk is wrong, and how StackStorm tells it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from orchestrion.core.values import Json
from orchestrion.errors import UsageError


class UnrenderedError(UsageError):
    """The default of a parameter cannot be rendered; StackStorm keeps that as a failed execution."""


class InvalidWorkflowError(UsageError):
    """A workflow file is wrong. `errors` are StackStorm's, as the result of its execution holds them."""

    def __init__(
        self,
        message: str,
        *,
        problems: Iterable[str] = (),
        hint: str = "",
        errors: Sequence[Mapping[str, Json]] = (),
    ) -> None:
        super().__init__(message, problems=problems, hint=hint)
        self.errors: Final = tuple(errors)


def as_result(errors: Iterable[Mapping[str, Json]]) -> list[Mapping[str, Json]]:
    """What StackStorm finds wrong with a workflow, as it stands in the result of its execution: no lines."""
    plain = [{name: one[name] for name in one if name not in ("line", "column")} for one in errors]
    return sorted(plain, key=lambda one: (str(one["type"]), str(one["schema_path"] or "")))
