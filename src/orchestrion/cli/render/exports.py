"""An export as one JSON document, written record by record: it may be longer than memory."""

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any, TextIO

from orchestrion.cli.render.output import utc_time
from orchestrion.client.views import Record


def write_export(stream: TextIO, head: dict[str, Any], records: Iterable[Record]) -> None:
    """Write an export: the members of its head, then a list for each section that has records."""
    stream.write("{\n" + ",\n".join(f"  {_text(name)}: {_text(value)}" for name, value in head.items()))
    for section, group in groupby(records, key=lambda record: record.section):
        stream.write(f",\n  {_text(section)}: [\n")
        for number, record in enumerate(group):
            stream.write(",\n    " if number else "    ")
            stream.write(_text({name: _value(name, value) for name, value in record.content.items()}))
        stream.write("\n  ]")
    stream.write("\n}\n")


def _value(name: str, value: Any) -> Any:
    return utc_time(value) if name == "at" or name.endswith("_at") else value


def _text(value: Any) -> str:
    return json.dumps(value)  # in ASCII, which every stream and every terminal takes
