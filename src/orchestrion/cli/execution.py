"""`orchestrion execution …`: look at executions, and operate them."""

import argparse
import sys

from orchestrion.cli.follow import follow, show_end
from orchestrion.cli.locations import Location, location_of, open_known
from orchestrion.cli.render.documents import execution_document, plan_document, target_document
from orchestrion.cli.render.executions import show_execution, show_list
from orchestrion.cli.render.output import Output, style_of
from orchestrion.cli.render.plans import show_plan, show_whole_plan
from orchestrion.cli.run import asking_of, started, warn
from orchestrion.client.local import LocalClient
from orchestrion.client.targets import chosen_items
from orchestrion.client.views import Accepted, RerunRequest


def list_executions(options: argparse.Namespace) -> int:
    """The newest executions."""
    location = location_of(options)
    output = Output()
    if options.db is None and not location.database.exists():
        views = []
    else:
        with open_known(location) as client:
            views = client.executions(options.count)
    if options.json:
        output.json([execution_document(view, tasks=False) for view in views])
    elif views:
        show_list(output, views)
    else:
        output.line("There are no executions yet. Start one with: orchestrion run examples.hello")
    return 0


def get(options: argparse.Namespace) -> int:
    """One execution with its tasks."""
    location = location_of(options)
    output = Output()
    with open_known(location) as client:
        view = client.execution(options.id, attempts=options.attempts)
    if options.json:
        output.json(execution_document(view, attempts=options.attempts))
        return 0
    show_execution(output, view, attempts=options.attempts)
    show_end(output, view, location)
    return 0


def pause(options: argparse.Namespace) -> int:
    """Request a pause; do the rest of the work where nobody else does."""
    location = location_of(options)
    with open_known(location) as client:
        accepted = client.pause(options.id, asking_of(options))
        return requested(client, accepted, options, location, wanted="paused")


def cancel(options: argparse.Namespace) -> int:
    """Request a cancellation; do the rest of the work where nobody else does."""
    location = location_of(options)
    with open_known(location) as client:
        accepted = client.cancel(options.id, asking_of(options))
        return requested(client, accepted, options, location, wanted="canceled")


def resume(options: argparse.Namespace) -> int:
    """Go on with an execution, and follow it."""
    location = location_of(options)
    with open_known(location) as client:
        accepted = client.resume(options.id, asking_of(options), detached=options.detached)
        _remark(accepted)
        return started(client, options.id, options, location)


def rerun(options: argparse.Namespace) -> int:
    """Run an execution again, whole or from some of its tasks; or show the plan of that."""
    tasks = options.tasks or options.items
    if options.no_reset and not tasks:
        options.parser.error("--no-reset says which of --tasks keep their items: give --tasks, too")
    if options.parameters and tasks:
        options.parser.error("NAME=VALUE changes the parameters of a whole re-run; from tasks they stay")
    location = location_of(options)
    with open_known(location) as client:
        if tasks:
            return _rerun_from_tasks(client, options, location)
        target = client.whole_rerun(options.id, options.parameters)
        if options.plan:
            output = Output()
            if options.json:
                output.json(target_document(options.id, target))
            else:
                show_whole_plan(output, options.id, target)
            return 0
        warn(target)
        number = client.start_again(options.id, target, asking_of(options), detached=options.detached)
        return started(client, number, options, location)


def _rerun_from_tasks(client: LocalClient, options: argparse.Namespace, location: Location) -> int:
    request = RerunRequest(
        options.id,
        tuple(options.tasks or ()),
        tuple(options.no_reset or ()),
        chosen_items(options.items or ()),
    )
    if options.plan:
        plan = client.plan(request)
        output = Output()
        if options.json:
            output.json(plan_document(plan))
        else:
            show_plan(output, plan)
        return 0
    accepted = client.rerun(request, asking_of(options), detached=options.detached)
    _remark(accepted)
    return started(client, accepted.execution, options, location)


def requested(
    client: LocalClient, accepted: Accepted, options: argparse.Namespace, location: Location, *, wanted: str
) -> int:
    """Show an accepted pause or cancellation.

    Where this process has become the engine, it does what is left of the work.
    """
    _remark(accepted)
    if client.works:
        code = follow(client, accepted.execution, options, location)
        return 0 if client.execution(accepted.execution).status == wanted else code
    output = Output()
    view = client.execution(accepted.execution)
    if options.json:
        output.json(execution_document(view))
    else:
        output.cells(f"{view.id}  ", (view.status, style_of(view.status)))
    return 0


def _remark(accepted: Accepted) -> None:
    errors = Output(sys.stderr)
    for note in accepted.notes:
        errors.line(f"note: {note}", "yellow")
