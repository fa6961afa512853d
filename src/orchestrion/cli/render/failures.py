"""What went wrong, in few words: which task of a workflow, and an excerpt of what its action said."""

from collections.abc import Iterator
from typing import Any, Final, cast

from orchestrion.cli.render.output import compact
from orchestrion.cli.visible import visible
from orchestrion.client.views import ExecutionView

_LINES: Final = 3


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
        bad = [one.get("result", one) for one in items if one.get("status", "failed") != "succeeded"]
        said = [lines for lines in map(excerpt, bad) if lines]
        return said[0] if said else []
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
    for name in ("error", "stderr", "stdout"):
        lines = _lines(known.get(name))
        if lines:
            return lines
    code = known.get("return_code")
    return [f"The command ended with code {code}."] if code else []


def _lines(value: Any) -> list[str]:
    """The last lines of a value that say something."""
    if value is None:
        return []
    texts: list[str] = value.splitlines() if isinstance(value, str) else [compact(value)]
    return [line for line in map(visible, texts) if line.strip()][-_LINES:]


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [_mapping(one) for one in cast("list[Any]", value) if one] if isinstance(value, list) else []
