"""`orchestrion run`: start a workflow and follow it."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from orchestrion.cli.follow import follow
from orchestrion.cli.locations import Location, location_of, open_client
from orchestrion.cli.render.documents import execution_document
from orchestrion.cli.render.output import Output
from orchestrion.client.files import file_of
from orchestrion.client.interface import Client
from orchestrion.client.views import Accepted, Asking


def run(options: argparse.Namespace) -> int:
    """Start the workflow that the options name; returns the exit code."""
    location = location_of(options)
    workflow = file_of(options.workflow) or options.workflow
    with open_client(location) as client:
        accepted = client.run(workflow, options.parameters, asking_of(options), detached=options.detached)
        warn(accepted)
        return started(client, accepted.execution, options, location)


def asking_of(options: argparse.Namespace) -> Asking:
    """Why something is asked, and under which name."""
    return Asking(options.reason, options.request_id)


def warn(accepted: Accepted) -> None:
    """Say on stderr what the operator should know about a start."""
    errors = Output(sys.stderr)
    for warning in accepted.notes:
        errors.line(f"warning: {warning}", "yellow")


def started(
    client: Client,
    number: str,
    options: argparse.Namespace,
    location: Location,
    *,
    tell: Callable[[Any], None] | None = None,
) -> int:
    """Follow what has been started, unless that is not wanted.

    `tell` takes its document, which else is written.
    """
    output = Output()
    tell = tell or output.json
    if not options.detached:
        return follow(client, number, options, location, tell)
    view = client.execution(number)
    if options.json:
        tell(execution_document(view))
        return 0
    output.line(f"{view.id}  {view.status}")
    if view.is_unattended:
        output.line("Nothing moves until an engine runs. Become its engine with:")
        output.line(f"  {location.again.command(f'orchestrion execution resume {number}')}", "bold")
    return 0
