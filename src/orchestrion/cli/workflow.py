"""`orchestrion workflow …`: check, draw and test workflow files."""

import argparse
from pathlib import Path
from typing import Any

from orchestrion.cli.graphs import FORMATS
from orchestrion.cli.locations import open_library, pack_folders
from orchestrion.cli.render.output import Output, style_of
from orchestrion.client.rehearsal.verdict import Rehearsal, rehearse
from orchestrion.client.workflows import Report

EXIT_DIFFERS = 1
EXIT_USAGE = 2
_SHOWN = 100


def inspect(options: argparse.Namespace) -> int:
    """List everything that is wrong with a workflow file; returns 2 if anything is."""
    with open_library(options) as library:
        report = library.inspect(options.file)
    output = Output()
    if options.json:
        output.json([*report.stackstorm])
    else:
        _show(output, report)
    return EXIT_USAGE if report.problems else 0


def graph(options: argparse.Namespace) -> int:
    """Draw a workflow."""
    with open_library(options) as library:
        drawn = library.graph(options.file)
    output = Output()
    for line in FORMATS[options.format](drawn):
        output.line(line)
    return 0


def test(options: argparse.Namespace) -> int:
    """Run tests of workflows in memory; returns 1 if something differs from what they expect."""
    packs = pack_folders(options).for_new()
    found = [rehearse(Path(file), packs) for file in options.files]
    output = Output()
    outcomes = [outcome for one in found for outcome in one.outcomes]
    failed = sum(bool(outcome.differences) for outcome in outcomes)
    if options.json:
        output.json([_rehearsal_document(one) for one in found])
        return EXIT_DIFFERS if failed else 0
    for one in found:
        output.line(f"{one.file}: {one.workflow}", "bold")
        for outcome in one.outcomes:
            status = "failed" if outcome.differences else "succeeded"
            output.cells("  ", (f"{output.mark(status)} {outcome.name}", style_of(status)))
            for difference in outcome.differences:
                output.line(f"    {one.file}:{difference.line}: {difference.text}")
    counted = _counted(len(outcomes), "test")
    output.line(
        f"{counted}, {failed} failed." if failed else f"{counted} passed.", "red" if failed else "green"
    )
    return EXIT_DIFFERS if failed else 0


def _rehearsal_document(rehearsal: Rehearsal) -> dict[str, Any]:
    tests = [
        {
            "name": one.name,
            "line": one.line,
            "passed": not one.differences,
            "status": one.status,
            "differences": [difference._asdict() for difference in one.differences],
        }
        for one in rehearsal.outcomes
    ]
    return {"file": str(rehearsal.file), "workflow": rehearsal.workflow, "tests": tests}


def _show(output: Output, report: Report) -> None:
    for problem in report.problems[:_SHOWN]:
        output.line(problem.text(report.path))
    if len(report.problems) > _SHOWN:
        output.line(f"… and {len(report.problems) - _SHOWN} more; all of them with -j")
    for warning in report.warnings:
        output.line(f"warning: {warning.text(report.path)}", "yellow")
    counts = [_counted(len(report.problems), "problem"), _counted(len(report.warnings), "warning")]
    if report.problems:
        output.line(f"{report.path}: {', '.join(filter(None, counts))}.", "red")
    else:
        output.line(f"{report.path}: The workflow is valid{f', {counts[1]}' if counts[1] else ''}.", "green")


def _counted(count: int, noun: str) -> str:
    return "" if not count else f"{count} {noun}{'s' if count > 1 else ''}"
