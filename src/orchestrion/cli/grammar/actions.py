"""The grammar of `orchestrion action …`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, add_group, add_json, add_packs, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_actions(groups: "Subparsers") -> None:
    """Add `action` and its commands."""
    group = add_group(groups, "action", "look up the actions of packs")
    parser = add_command(
        group,
        "list",
        performed_by("action", "list_all"),
        "list the actions of all packs, or of one",
        "orchestrion action list --pack core",
    )
    parser.add_argument("--pack", metavar="NAME", help="only the actions of this pack")
    add_packs(parser)
    add_json(parser)
    parser = add_command(
        group,
        "get",
        performed_by("action", "get"),
        "show an action with its parameters",
        "orchestrion action get core.local",
    )
    parser.add_argument("ref", metavar="REF", help="the action, PACK.NAME")
    add_packs(parser)
    add_json(parser)
