"""Objects as StackStorm's clients know them (stackstorm-api 2). Pure: from views to JSON."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def time_text(microseconds: int | None) -> str | None:
    """A time as `YYYY-MM-DDTHH:MM:SS.ffffffZ`; from microseconds since 1970."""
    if microseconds is None:
        return None
    at = _EPOCH + timedelta(microseconds=microseconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
