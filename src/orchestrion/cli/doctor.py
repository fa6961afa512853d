"""`orchestrion doctor`: what is wrong with a store, and mending it."""

import argparse
import sys
from typing import Any

from orchestrion.cli.hints import again_of
from orchestrion.cli.locations import known_store, location_of, user_name
from orchestrion.cli.render.output import Cell, Output
from orchestrion.client.health import Checkup, Finding, check_up

EXIT_ILL = 1


def doctor(options: argparse.Namespace) -> int:
    """List what is wrong, mend it if that is wanted; returns 1 if anything is left."""
    database = known_store(location_of(options), "there is nothing to examine")
    checkup = check_up(database, user_name(), mends=options.mend)
    output = Output()
    if options.json:
        output.json(_document(checkup))
        return 0 if checkup.is_healthy else EXIT_ILL
    mended = [one for one in checkup.found if one not in checkup.left]
    again = again_of(options)
    for one in mended:
        output.cells(("mended   ", "green"), again.sentence(_text(one)))
    for one in checkup.left:
        label: Cell = ("note     ", "yellow") if one.note else ("problem  ", "red")
        output.cells(label, again.sentence(_text(one)))
    problems = [one for one in checkup.left if not one.note]
    if not problems:
        output.line(f"{database}: healthy. SQLite {checkup.sqlite}.", "green")
        return 0
    counted = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    output.line(f"{database}: {counted}. SQLite {checkup.sqlite}.", "red")
    if any(one.mendable for one in problems):
        if not options.mend and sys.stdin.isatty() and output.is_terminal and _agrees():
            options.mend = True
            return doctor(options)
        output.line(f"What can be mended is mended by: {again.command('orchestrion doctor --mend')}")
    return EXIT_ILL


def _agrees() -> bool:
    try:
        return input("Mend them? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _text(finding: Finding) -> str:
    return f"{finding.kind} {finding.subject} {finding.text}"


def _document(checkup: Checkup) -> dict[str, Any]:
    return {
        "healthy": checkup.is_healthy,
        "sqlite": checkup.sqlite,
        "findings": [
            {
                "kind": one.kind,
                "subject": one.subject,
                "text": one.text,
                "note": one.note,
                "mendable": one.mendable,
                "mended": one not in checkup.left,
            }
            for one in checkup.found
        ],
    }
