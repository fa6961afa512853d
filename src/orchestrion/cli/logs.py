"""What a service logs: lines on stderr, as text or JSON, each with the execution that it concerns."""

import json
import logging
import sys
from typing import Final

from orchestrion.cli.render.output import utc_time
from orchestrion.cli.visible import visible, visible_json

_FIELDS: Final = ("execution", "parent", "engine", "user", "address")


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        return visible(f"{_time(record)} {record.levelname.lower():<7} {record.getMessage()}{fields}")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _time(record), "level": record.levelname.lower(), "message": record.getMessage()}
        return visible_json(json.dumps(line | _fields(record), ensure_ascii=False))


def set_up_logs(level: str, form: str) -> None:
    """Log from a level on, as `text` or `json`; of libraries only what is a warning or worse."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("orchestrion").setLevel(level.upper())
    logging.raiseExceptions = False  # whoever reads the lines may be gone: the work goes on


def _time(record: logging.LogRecord) -> str:
    return utc_time(round(record.created * 1_000_000)) or ""


def _fields(record: logging.LogRecord) -> dict[str, str]:
    fields = {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
    if record.exc_info and record.exc_info[1] is not None:
        fields["error"] = repr(record.exc_info[1])
    return fields
