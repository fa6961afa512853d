"""`orchestrion db …`: the upkeep of the store."""

import argparse
from pathlib import Path

from orchestrion.cli.locations import known_store, location_of
from orchestrion.cli.render.output import Output
from orchestrion.client.upkeep import backup, check

EXIT_UNSOUND = 1


def back_up(options: argparse.Namespace) -> int:
    """Copy the store while it is in use."""
    made = backup(known_store(location_of(options), "there is nothing to copy"), Path(options.file))
    output = Output()
    if options.json:
        key_file = None if made.key_file is None else str(made.key_file)
        packs = None if made.packs is None else str(made.packs)
        document = {"file": str(made.path), "bytes": made.size, "packs": packs}
        output.json({**document, "packs_missing": [*made.missing], "key_file_apart": key_file})
        return 0
    output.line(f"{made.path}: {made.size:,} bytes.", "green")
    if made.key_file is not None:
        output.line(
            f"Its secrets open only with {made.key_file}, which is not in it: keep that apart.", "yellow"
        )
    if made.packs is not None:
        output.line(f"What its executions use of packs is in {made.packs}: keep that with it.", "green")
    for one in made.missing:
        output.line(
            f"The revision {one} was not there to be copied; `orchestrion doctor` tells who needs it.",
            "yellow",
        )
    return 0


def check_store(options: argparse.Namespace) -> int:
    """Look whether the store is sound; returns 1 if it is not."""
    found = check(known_store(location_of(options), "there is nothing to examine"))
    output = Output()
    if options.json:
        document = {"file": str(found.path), "schema": found.schema, "newest_schema": found.known}
        output.json({**document, "problems": [*found.problems]})
    else:
        for problem in found.problems:
            output.line(problem, "red")
        older = f" (the next command brings it to {found.known})" if found.schema < found.known else ""
        verdict = f"{len(found.problems)} problems" if found.problems else "sound"
        output.line(f"{found.path}: {verdict}, schema {found.schema}{older}.")
    return EXIT_UNSOUND if found.problems else 0
