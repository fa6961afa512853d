"""What went wrong, in few words: which task of a workflow, and an excerpt of what its action said."""

from collections.abc import Iterator
from typing import Any, Final, cast

from orchestrion.cli.render.output import compact
from orchestrion.client.views import ExecutionView

_LINES: Final = 3
_CELLS: Final = 300
"""How much of one line is shown."""
_READ: Final = 16_384
"""How many characters of a text are looked at: its last ones. It may have many megabytes."""
_NO_RESULT: Final = "None"
"""What stands for the result of a Python action that has given none."""


def failures_of(view: ExecutionView) -> Iterator[tuple[str, list[str]]]:
    """The errors of a workflow: which task, and a short excerpt of what it said.

    Those of no task come last: an output that cannot be rendered mostly follows from tasks that failed. But
    that the whole timed out comes first: it is why tasks have failed.
    """
    errors = _mappings(_mapping(view.result).get("errors"))
    if view.status != "timeout":
        errors.sort(key=lambda error: not error.get("task_id"))
    seen: set[str] = set()
    for error in errors:
        place = str(error.get("task_id") or view.action)
        lines = excerpt(error.get("result")) or _lines(str(error.get("message") or "failed"))
        key = f"{place}\n{lines}"
        if key not in seen:
            seen.add(key)
            yield place, lines


def excerpt(result: Any) -> list[str]:
    """The last words of an action that failed: its error, else what it wrote, a few lines at the most."""
    if isinstance(result, list):
        items = _mappings(cast("list[Any]", result))
        bad = (one.get("result", one) for one in items if one.get("status", "failed") != "succeeded")
        said = (excerpt(one) for one in bad)
        return next((lines for lines in said if lines), None) or []
    known = _mapping(result)
    if not known:
        return _lines(str(result)) if result else []
    if known.get("succeeded") is True:
        return []
    for error in _mappings(known.get("errors")):  # of a sub-workflow
        said = excerpt(error.get("result")) or _lines(str(error.get("message") or "failed"))
        return [f"{error.get('task_id') or 'workflow'}: {said[0]}", *said[1:]]
    if isinstance(known.get("items"), list):
        return excerpt(known["items"])
    for said in (known.get("error"), _returned(known), known.get("stderr"), known.get("stdout")):
        lines = _lines(said)
        if lines:
            return lines
    code = known.get("return_code")
    return [f"The command ended with code {code}."] if code else []


def _lines(value: Any) -> list[str]:
    """The last lines of a value that say something."""
    if value is None:
        return []
    if not isinstance(value, str):
        return [compact(value, _CELLS)]
    text = value.rstrip()
    if len(text) > _READ:
        text = f"…{text[-_READ:].lstrip()}"
    return [compact(line, _CELLS) for line in text.splitlines() if line.strip()][-_LINES:]


def _returned(result: dict[str, Any]) -> Any:
    """What a Python action has given where it says so that it has failed."""
    returned = result.get("result")
    return None if not returned or returned == _NO_RESULT else returned


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [_mapping(one) for one in cast("list[Any]", value) if one] if isinstance(value, list) else []
