"""An export as one JSON document, written record by record: it may be longer than memory."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from orchestrion.cli.render.output import utc_time
from orchestrion.client.views import Record


def export_parts(head: dict[str, Any], records: Iterable[Record]) -> Iterator[str]:
    """An export, part by part: the members of its head, then a list for each section that has records."""
    yield "{\n" + ",\n".join(f"  {_text(name)}: {_text(value)}" for name, value in head.items())
    for section, group in groupby(records, key=lambda record: record.section):
        yield f",\n  {_text(section)}: [\n"
        for number, record in enumerate(group):
            text = _text({name: _value(name, value) for name, value in record.content.items()})
            yield f",\n    {text}" if number else f"    {text}"
        yield "\n  ]"
    yield "\n}\n"


def _value(name: str, value: Any) -> Any:
    return utc_time(value) if name == "at" or name.endswith("_at") else value


def _text(value: Any) -> str:
    return json.dumps(value)  # in ASCII, which every stream and every terminal takes
