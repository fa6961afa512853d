"""The grammar of `orchestrion run`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import (
    add_asking,
    add_async,
    add_command,
    add_json,
    add_packs,
    add_store,
    performed_by,
)

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_run(groups: "Subparsers") -> None:
    """Add `run`."""
    parser = add_command(
        groups,
        "run",
        performed_by("run", "run"),
        "run a workflow and follow it to its end",
        "orchestrion run examples.hello name=you\n"
        'orchestrion run deploy.yaml servers=\'["web1", "web2"]\' -j',
        "Ctrl-C requests a pause: what runs is let end, and the command that goes on is shown.\n"
        "A second Ctrl-C leaves at once.",
    )
    parser.add_argument(
        "workflow", metavar="REF|FILE", help="a workflow of a pack (PACK.NAME), or a workflow file"
    )
    parser.add_argument(
        "parameters",
        metavar="NAME=VALUE",
        nargs="*",
        help="a parameter; for a file, JSON (but a text in quotes) is that, and all else is text",
    )
    add_packs(parser)
    add_store(parser)
    add_asking(parser)
    add_async(parser)
    add_json(parser)
