"""Spans and moments as options take them."""

import argparse
import re
from typing import Final

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"(\d{1,9})([smhdw])")
_MICROSECONDS: Final = 1_000_000


def span(text: str) -> int:
    """A span such as `30d`, `12h`, `90m`, in seconds."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f'"{text}" is not a span: a number and s, m, h, d or w, such as 90m or 30d'
        )
    return int(found[1]) * _SECONDS[found[2]]


def moment(text: str) -> int:
    """A moment in microseconds since 1970: that long ago (`2h`), or a date, with a time if need be."""
    from datetime import datetime
    from time import time

    if _SPAN.fullmatch(text):
        return round((time() - span(text)) * _MICROSECONDS)
    try:
        return round(datetime.fromisoformat(text).astimezone().timestamp() * _MICROSECONDS)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(
            f'"{text}" is not a moment: give how long ago (2h, 7d), or a date such as 2026-03-01 or '
            "2026-03-01T14:30+01:00"
        ) from error
