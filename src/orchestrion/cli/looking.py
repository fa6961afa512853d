"""`orchestrion execution history|explain|tail|export`: what happened, why it waits, what it writes, all."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import Any, TextIO, TypeAlias

from orchestrion.cli.hints import again_of
from orchestrion.cli.locations import location_of, open_looking
from orchestrion.cli.many import documents, for_each
from orchestrion.cli.render.explanations import explanation_document, show_explanation
from orchestrion.cli.render.exports import export_parts
from orchestrion.cli.render.histories import history_document, show_history
from orchestrion.cli.render.output import Output, utc_time
from orchestrion.cli.render.tails import Lines
from orchestrion.client.interface import Looking
from orchestrion.errors import UsageError

_Found: TypeAlias = tuple[Any, Callable[[Output], None]]
"""The document of an execution, and what shows it to people."""


def history(options: argparse.Namespace) -> int:
    """What has happened to executions."""

    def look(looking: Looking, number: str) -> _Found:
        events = looking.history(number)
        return history_document(number, events), lambda output: show_history(output, events)

    return _each(options, look)


def explain(options: argparse.Namespace) -> int:
    """Why executions do not move."""
    again = again_of(options)

    def look(looking: Looking, number: str) -> _Found:
        found = looking.explain(number)
        return explanation_document(found), lambda output: show_explanation(output, found, again)

    return _each(options, look)


def tail(options: argparse.Namespace) -> int:
    """What the actions of an execution write, line by line."""
    with open_looking(location_of(options)) as looking:
        lines = Lines()
        for pieces in looking.tail(options.id, follow=options.follow):
            lines.show(pieces)
        lines.end()
    return 0


def export(options: argparse.Namespace) -> int:
    """All that there is of an execution, as one JSON document; into a file whole, or not at all."""
    with open_looking(location_of(options)) as looking:
        found = looking.export(options.id)
        head = {**found.head(), "exported_at": utc_time(time_ns() // 1_000)}
        if options.output is None:
            Output().parts(export_parts(head, found.records()))
            return 0
        target = Path(options.output)
        try:
            _write_whole(target, lambda stream: stream.writelines(export_parts(head, found.records())))
        except OSError as error:
            raise UsageError(f"{target}: the export cannot be written: {error.strerror}.") from error
    Output().line(f"{target}: {target.stat().st_size:,} bytes.", "green")
    return 0


def _write_whole(target: Path, write: Callable[[TextIO], None]) -> None:
    """Write a file that is its owner's alone; a file that is there is replaced at the end."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            write(stream)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _each(options: argparse.Namespace, look: Callable[[Looking, str], _Found]) -> int:
    location = location_of(options)
    output = Output()
    found: list[Any] = []
    with open_looking(location) as looking:

        def one(number: str) -> int:
            document, show = look(looking, number)
            found.append(document)
            if not (options.json or options.yaml):
                if len(options.ids) > 1:
                    if len(found) > 1:
                        output.line()
                    output.line(number, "bold")
                show(output)
            return 0

        code = for_each(options.ids, one, location.again)
    documents(output, options, found)
    return code
