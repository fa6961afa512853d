"""How much the result of an action may be, whatever ran it: so many bytes of the JSON that the store keeps.

What an action writes is bounded where it is read, but as JSON it may be six times as long: of 64 MiB of NULs
the store would be given 400 MB, several times, in one commit that lets nobody else in.
"""

from typing import Final

import orjson

from orchestrion.actions.runners.base import Outcome
from orchestrion.core.values import Json, problem_with

MAX_JSON_BYTES: Final = 64 * 1024 * 1024
"""Bytes of a result as JSON; more fails its action."""

_MIB: Final = 1024 * 1024
_KEPT: Final = 64 * 1024
"""How many characters of a long text are kept of a result that is too long as a whole."""
_LONGEST_CHARACTER: Final = 6
_LONGEST_SCALAR: Final = 24


def kept(outcome: Outcome) -> Outcome:
    """What of an outcome is kept: a result that is no value or too long fails its action, and says so."""
    problem = problem_with(outcome.result)
    if problem is not None:
        return Outcome("failed", {"error": f"The result of the action cannot be kept. {problem}"})
    if _is_surely_within(outcome.result, MAX_JSON_BYTES):
        return outcome
    size = _bytes_of(outcome.result)
    if size <= MAX_JSON_BYTES:
        return outcome
    error = (
        f"The result of the action cannot be kept as a whole: as JSON it has {size / _MIB:,.1f} MiB, "
        f"and at most {MAX_JSON_BYTES // _MIB} MiB are kept. Write large output to a file and give its path."
    )
    status = "failed" if outcome.status == "succeeded" else outcome.status
    return Outcome(status, _shortened(outcome.result, error))


def _shortened(result: Json, error: str) -> Json:
    """The beginnings of the long texts of a result, without its other long parts."""
    if not isinstance(result, dict):
        return {"error": error}
    short: dict[str, Json] = {}
    for name, value in result.items():
        if _is_surely_within(value, _KEPT * _LONGEST_CHARACTER):
            short[name] = value
        else:
            short[name] = f"{value[:_KEPT]}…" if isinstance(value, str) else None
    if "succeeded" in short:  # a command's says itself how it ended
        short |= {"failed": True, "succeeded": False}
    said = short.get("error")
    short["error"] = f"{said} {error}" if isinstance(said, str) and said else error
    return short if _is_surely_within(short, MAX_JSON_BYTES) else {"error": error}


def _is_surely_within(value: Json, most: int) -> bool:
    """Whether a value cannot be longer as JSON. That is quick: it reads no text, and ends beyond that."""
    rest = [value]
    while rest and most >= 0:
        one = rest.pop()
        if isinstance(one, str):
            most -= _LONGEST_CHARACTER * len(one) + 2
        elif isinstance(one, dict):
            most -= 2 + sum(_LONGEST_CHARACTER * len(name) + 4 for name in one)
            rest += one.values()
        elif isinstance(one, list):
            most -= 2 + len(one)
            rest += one
        else:
            most -= _LONGEST_SCALAR
    return most >= 0


def _bytes_of(value: Json) -> int:
    """How long a value is as JSON; a long text is measured in pieces, which need no room."""
    if isinstance(value, str):
        pieces = range(0, len(value), _MIB)
        return 2 + sum(len(orjson.dumps(value[at : at + _MIB])) - 2 for at in pieces)
    if isinstance(value, dict):
        return 1 + max(1, sum(_bytes_of(name) + _bytes_of(one) + 2 for name, one in value.items()))
    return len(orjson.dumps(value))
