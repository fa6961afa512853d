"""`orchestrion pack …`: which packs there are, what they lack, and how they get it."""

import argparse
import sys
from pathlib import Path
from typing import Any

from orchestrion.cli.hints import Again, again_of
from orchestrion.cli.locations import open_library, pack_folders
from orchestrion.cli.render.output import Cell, Output
from orchestrion.client.pack_contents import PackView, set_up_pack


def list_all(options: argparse.Namespace) -> int:
    """All packs."""
    with open_library(options) as library:
        found = library.packs()
    output = Output()
    if options.json:
        output.json([_document(one) for one in found.packs])
    else:
        head: list[Cell] = ["PACK", "VERSION", "REVISION", "ACTIONS", "ENVIRONMENT", "IGNORED"]
        output.table([head, *map(_row, found.packs)])
        for one in found.packs:
            _advise(output, one, again_of(options))
    errors = Output(sys.stderr)
    for problem in found.problems:
        errors.line(f"warning: {problem}", "yellow")
    return 0


def register(options: argparse.Namespace) -> int:
    """Make folders known as packs."""
    output = Output()
    with open_library(options) as library:
        views = [library.register(Path(folder)) for folder in options.folders]
    if options.json:
        output.json([_document(one) for one in views])
        return 0
    for one in views:
        ignored = f"; ignored: {_ignored(one)}" if _ignored(one) else ""
        what = f"{_counted(one.actions, 'actions')} in {one.folder}, revision {one.revision}"
        output.line(f"{one.ref}: {what}{ignored}")
        _advise(output, one, again_of(options))
    return 0


def setup(options: argparse.Namespace) -> int:
    """Install what the Python actions of packs need."""
    errors, output = Output(sys.stderr), Output()
    views = [set_up_pack(pack_folders(options), ref, errors.line) for ref in options.names]
    if options.json:
        output.json([_document(one) for one in views])
        return 0
    for one in views:
        state = "needs no environment" if one.environment == "not needed" else "its environment is ready"
        output.line(f"{one.ref}: {state}", "green")
    return 0


def _row(view: PackView) -> list[Cell]:
    state: Cell = (view.environment, "yellow") if _lacks(view) else view.environment
    return [view.ref, view.version, view.revision, str(view.actions), state, _ignored(view)]


def _lacks(view: PackView) -> bool:
    return view.environment in {"missing", "outdated"}


def _advise(output: Output, view: PackView, again: Again) -> None:
    """Say what is to be done, and what cannot be."""
    if _lacks(view):
        output.line(
            f"{view.ref}: install what its Python actions need: "
            f"{again.command(f'orchestrion pack setup {view.ref}')}",
            "yellow",
        )
    if view.unable:
        output.line(f"{view.ref}: cannot run here: {', '.join(view.unable)}", "yellow")


def _ignored(view: PackView) -> str:
    return ", ".join(_counted(count, kind) for kind, count in view.ignored.items())


def _counted(count: int, kind: str) -> str:
    singular = {"policies": "policy", "aliases": "alias"}.get(kind, kind.removesuffix("s"))
    return f"{count} {singular if count == 1 else kind}"


def _document(view: PackView) -> dict[str, Any]:
    return {
        **view._asdict(),
        "folder": str(view.folder),
        "unable": [*view.unable],
        "ignored": dict(view.ignored),
    }
