"""`orchestrion execution history|explain|tail`: what has happened, why it does not move, what is written."""

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

from orchestrion.cli.locations import Location, known_store, location_of, user_name
from orchestrion.cli.many import documents, for_each
from orchestrion.cli.render.explanations import explanation_document, show_explanation
from orchestrion.cli.render.histories import history_document, show_history
from orchestrion.cli.render.output import Output
from orchestrion.cli.render.tails import Lines
from orchestrion.client.looking import Looking, open_looking

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
    again = location_of(options).options

    def look(looking: Looking, number: str) -> _Found:
        found = looking.explain(number)
        return explanation_document(found), lambda output: show_explanation(output, found, again)

    return _each(options, look)


def tail(options: argparse.Namespace) -> int:
    """What the actions of an execution write, line by line."""
    with _open(location_of(options)) as looking:
        lines = Lines()
        for pieces in looking.tail(options.id, follow=options.follow):
            lines.show(pieces)
        lines.end()
    return 0


def _each(options: argparse.Namespace, look: Callable[[Looking, str], _Found]) -> int:
    location = location_of(options)
    output = Output()
    found: list[Any] = []
    with _open(location) as looking:

        def one(number: str) -> int:
            document, show = look(looking, number)
            found.append(document)
            if not (options.json or options.yaml):
                if len(options.ids) > 1:
                    output.line(f"{'' if len(found) == 1 else chr(10)}{number}", "bold")
                show(output)
            return 0

        code = for_each(options.ids, one)
    documents(output, options, found)
    return code


def _open(location: Location) -> AbstractContextManager[Looking]:
    return open_looking(known_store(location), location.packs, user_name())
