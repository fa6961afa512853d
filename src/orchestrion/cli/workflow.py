"""`orchestrion workflow …`: check and draw workflow files."""

import argparse

from orchestrion.cli.graphs import FORMATS
from orchestrion.cli.locations import pack_folders
from orchestrion.cli.render.output import Output
from orchestrion.client.workflows import Report, graph_of_workflow, inspect_workflow

EXIT_USAGE = 2


def inspect(options: argparse.Namespace) -> int:
    """List everything that is wrong with a workflow file; returns 2 if anything is."""
    report = inspect_workflow(options.file, pack_folders(options).for_new())
    output = Output()
    if options.json:
        output.json([*report.stackstorm])
    else:
        _show(output, report)
    return EXIT_USAGE if report.problems else 0


def graph(options: argparse.Namespace) -> int:
    """Draw a workflow."""
    drawn = graph_of_workflow(options.file, pack_folders(options).for_new())
    output = Output()
    for line in FORMATS[options.format](drawn):
        output.line(line)
    return 0


def _show(output: Output, report: Report) -> None:
    for problem in report.problems:
        output.line(problem.text(report.path))
    for warning in report.warnings:
        output.line(f"warning: {warning.text(report.path)}", "yellow")
    counts = [_counted(len(report.problems), "problem"), _counted(len(report.warnings), "warning")]
    if report.problems:
        output.line(f"{report.path}: {', '.join(filter(None, counts))}.", "red")
    else:
        output.line(f"{report.path}: The workflow is valid{f', {counts[1]}' if counts[1] else ''}.", "green")


def _counted(count: int, noun: str) -> str:
    return "" if not count else f"{count} {noun}{'s' if count > 1 else ''}"
