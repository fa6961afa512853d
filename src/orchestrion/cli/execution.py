"""`orchestrion execution …`: look at executions, and operate them."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from orchestrion.cli.follow import follow, show_end
from orchestrion.cli.locations import Location, location_of, open_known
from orchestrion.cli.many import (
    at,
    check_attributes,
    chosen,
    documents,
    for_each,
    has,
    text_of,
    write_document,
)
from orchestrion.cli.render.documents import (
    LISTED,
    SHOWN,
    execution_document,
    plan_document,
    whole_plan_document,
)
from orchestrion.cli.render.executions import show_execution, show_list
from orchestrion.cli.render.output import Output, compact, style_of
from orchestrion.cli.render.plans import show_plan, show_whole_plan
from orchestrion.cli.run import asking_of, started, warn
from orchestrion.client.interface import Client
from orchestrion.client.targets import chosen_items
from orchestrion.client.views import Accepted, Asking, Choice, RerunRequest
from orchestrion.errors import NotFound


def list_executions(options: argparse.Namespace) -> int:
    """The newest executions, or the newest of some."""
    location = location_of(options)
    output = Output()
    check_attributes(options.attr or (), LISTED)
    only = Choice(tuple(options.status or ()), options.action, options.since)
    if location.is_new:
        views = []
    else:
        with open_known(location) as client:
            views = client.executions(options.count, only)
    found = [execution_document(view, tasks=False) for view in views]
    if options.attr:
        found = [chosen(document, options.attr) for document in found]
    if write_document(output, options, found):
        return 0
    if options.attr:
        heads = [(name.upper(), "bold") for name in options.attr]
        rows = [[compact(text_of(value)) for value in document.values()] for document in found]
        output.table([heads, *rows], ids=options.attr.index("id") if "id" in options.attr else None)
    elif views:
        show_list(output, views)
    elif any(only):
        output.line("There are no such executions.")
    else:
        command = location.again.command("orchestrion run examples.hello")
        output.line(f"There are no executions yet. Start one with: {command}")
    return 0


def get(options: argparse.Namespace) -> int:
    """Executions with their tasks; or some attributes of them, or a part of their results."""
    location = location_of(options)
    output = Output()
    found: list[Any] = []
    check_attributes(options.attr or (), SHOWN)

    def one(number: str) -> int:
        view = client.execution(number, attempts=options.attempts)
        if options.key or options.attr or options.json or options.yaml:
            document = execution_document(view, attempts=options.attempts)
            found.append(_part_of(document, number, options))
            return 0
        if found:
            output.line()
        found.append(number)
        show_execution(output, view, attempts=options.attempts)
        show_end(output, view, location)
        return 0

    with open_known(location) as client:
        code = for_each(options.ids, one, location.again)
    if options.json or options.yaml:
        documents(output, options, found)
    elif options.key:
        for value in found:
            output.text(text_of(value))
    elif options.attr:
        for at, document in enumerate(found):
            if at:
                output.line()
            output.facts((name, text_of(value)) for name, value in document.items())
    return code


def _part_of(document: dict[str, Any], number: str, options: argparse.Namespace) -> Any:
    """What is wanted of the document of an execution. Raises NotFound when its result has no such key."""
    if options.key:
        if not has(document["result"], options.key):
            raise NotFound(f'{number}: its result has no "{options.key}".')
        return at(document["result"], options.key)
    return chosen(document, options.attr) if options.attr else document


def pause(options: argparse.Namespace) -> int:
    """Request pauses; do the rest of the work where nobody else does."""
    return _request_each(
        options, lambda client, number, asking: client.pause(number, asking), wanted="paused"
    )


def cancel(options: argparse.Namespace) -> int:
    """Request cancellations; do the rest of the work where nobody else does."""
    return _request_each(
        options, lambda client, number, asking: client.cancel(number, asking), wanted="canceled"
    )


def _request_each(
    options: argparse.Namespace, request: Callable[[Client, str, Asking], Accepted], *, wanted: str
) -> int:
    """Ask for all of it first, then do or show what follows."""
    location = location_of(options)
    accepted: dict[str, Accepted] = {}
    asking = _asking_of_each(options)

    def ask(number: str) -> int:
        accepted[number] = request(client, number, asking)
        return 0

    with open_known(location) as client:
        refused = for_each(options.ids, ask, location.again)
        found: list[Any] = []
        code = for_each(
            [*accepted],
            lambda number: requested(
                client, accepted[number], options, location, wanted=wanted, tell=found.append
            ),
            location.again,
        )
    if options.json:
        documents(Output(), options, found)
    return refused or code


def resume(options: argparse.Namespace) -> int:
    """Go on with executions, and follow them."""
    location = location_of(options)
    resumed: list[str] = []
    asking = _asking_of_each(options)

    def ask(number: str) -> int:
        _remark(client.resume(number, asking, detached=options.detached), location)
        resumed.append(number)
        return 0

    with open_known(location) as client:
        refused = for_each(options.ids, ask, location.again)
        found: list[Any] = []
        code = for_each(
            resumed,
            lambda number: started(client, number, options, location, tell=found.append),
            location.again,
        )
    if options.json:
        documents(Output(), options, found)
    return refused or code


def _asking_of_each(options: argparse.Namespace) -> Asking:
    if options.request_id is not None and len(set(options.ids)) > 1:
        options.parser.error("--request-id names one request: give one ID")
    return asking_of(options)


def rerun(options: argparse.Namespace) -> int:
    """Run an execution again, whole or from some of its tasks; or show the plan of that."""
    tasks = options.tasks or options.items
    if not options.id:
        options.parser.error("ID is missing: put it before --tasks, which takes every word after it")
    if any("=" in task for task in options.tasks or ()):
        options.parser.error(
            "--tasks takes every word after it, and NAME=VALUE is none: it changes a whole re-run"
        )
    if options.no_reset and not tasks:
        options.parser.error("--no-reset says which of --tasks keep their items: give --tasks, too")
    if options.parameters and tasks:
        options.parser.error("NAME=VALUE changes the parameters of a whole re-run; from tasks they stay")
    location = location_of(options)
    number: str = options.id
    with open_known(location) as client:
        if tasks:
            return _rerun_from_tasks(client, options, location)
        if options.plan:
            whole = client.plan_whole(number, options.parameters)
            output = Output()
            if options.json:
                output.json(whole_plan_document(whole))
            else:
                show_whole_plan(output, whole)
            return 0
        accepted = client.run_again(number, options.parameters, asking_of(options), detached=options.detached)
        warn(accepted)
        return started(client, accepted.execution, options, location)


def _rerun_from_tasks(client: Client, options: argparse.Namespace, location: Location) -> int:
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
    _remark(accepted, location)
    return started(client, accepted.execution, options, location)


def requested(
    client: Client,
    accepted: Accepted,
    options: argparse.Namespace,
    location: Location,
    *,
    wanted: str,
    tell: Callable[[Any], None] | None = None,
) -> int:
    """Show an accepted pause or cancellation; `tell` takes its document, which else is written.

    Where this process has become the engine, it does what is left of the work.
    """
    _remark(accepted, location)
    output = Output()
    tell = tell or output.json
    if client.works:
        code = follow(client, accepted.execution, options, location, tell)
        return 0 if client.execution(accepted.execution).status == wanted else code
    view = client.execution(accepted.execution)
    if options.json:
        tell(execution_document(view))
    else:
        output.cells(f"{view.id}  ", (view.status, style_of(view.status)))
    return 0


def _remark(accepted: Accepted, location: Location) -> None:
    errors = Output(sys.stderr)
    for note in accepted.notes:
        errors.line(f"note: {location.again.sentence(note)}", "yellow")
