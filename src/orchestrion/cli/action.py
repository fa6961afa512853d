"""`orchestrion action …`: look up the actions of packs."""

import argparse
import sys
from typing import Any

from orchestrion.cli.hints import again_of
from orchestrion.cli.locations import open_library
from orchestrion.cli.render.output import Cell, Output, compact
from orchestrion.client.catalogs import ActionView, ParameterView


def list_all(options: argparse.Namespace) -> int:
    """All actions, or those of one pack."""
    with open_library(options) as library:
        found = library.actions(options.pack)
    output = Output()
    if options.json:
        output.json([_document(one) for one in found.actions])
    else:
        rows = [(one.ref, one.runner, _summary(one)) for one in found.actions]
        output.table([("ACTION", "RUNNER", "DESCRIPTION"), *rows])
    errors = Output(sys.stderr)
    for problem in found.problems:
        errors.line(f"warning: {problem}", "yellow")
    return 0


def get(options: argparse.Namespace) -> int:
    """One action with its parameters."""
    with open_library(options) as library:
        view = library.action(options.ref)
    output = Output()
    if options.json:
        output.json(_document(view))
        return 0
    output.facts(
        (
            ("action", (view.ref, "bold")),
            ("description", view.description or None),
            ("runner", view.runner),
            ("entry point", view.entry_point or None),
            ("file", str(view.file)),
            ("idempotent", "yes: it is run again if its process is lost" if view.idempotent else None),
        )
    )
    if view.unable is not None:
        output.line(view.unable, "yellow")
    for of_runner, title in ((False, "PARAMETER"), (True, "OF THE RUNNER")):
        chosen = [one for one in view.parameters if one.of_runner == of_runner]
        if chosen:
            output.line()
            output.table([(title, "TYPE", "DEFAULT", "DESCRIPTION"), *map(_row, chosen)])
    if view.is_workflow and view.unable is None:
        needed = "".join(f" {one.name}=…" for one in view.parameters if one.required)
        output.line()
        output.line("Run it with:")
        output.line(f"  {again_of(options).command(f'orchestrion run {view.ref}{needed}')}", "bold")
    return 0


def _summary(view: ActionView) -> str:
    return f"{view.description} (cannot run here)".lstrip() if view.unable is not None else view.description


def _row(parameter: ParameterView) -> list[Cell]:
    remarks = [name for name in ("secret", "immutable") if getattr(parameter, name)]
    if parameter.choices:
        remarks.append(f"one of {', '.join(compact(one) for one in parameter.choices)}")
    remark = f" ({'; '.join(remarks)})" if remarks else ""
    default: Cell = "" if parameter.default is None else compact(parameter.default, 40)
    return [
        parameter.name,
        parameter.type or "any",
        ("required", "bold") if parameter.required and parameter.default is None else default,
        f"{parameter.description}{remark}".strip(),
    ]


def _document(view: ActionView) -> dict[str, Any]:
    return {
        **view._asdict(),
        "file": str(view.file),
        "parameters": [{**one._asdict(), "choices": [*one.choices]} for one in view.parameters],
    }
