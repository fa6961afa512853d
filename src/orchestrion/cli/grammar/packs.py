"""The grammar of `orchestrion pack …`."""

from typing import TYPE_CHECKING

from orchestrion.cli.grammar.base import add_command, add_group, add_json, add_packs, performed_by

if TYPE_CHECKING:
    from orchestrion.cli.grammar.base import Subparsers


def add_pack_commands(groups: "Subparsers") -> None:
    """Add `pack` and its commands."""
    group = add_group(groups, "pack", "packs: what there is, what is ignored, what Python actions need")
    parser = add_command(
        group,
        "list",
        performed_by("pack", "list_all"),
        "list packs",
        "orchestrion pack list --packs /opt/stackstorm/packs",
        "ENVIRONMENT is that of Python actions with a requirements.txt; IGNORED is what a pack of\n"
        "StackStorm may hold and what is not done here: rules, sensors, triggers, aliases, and policies but\n"
        "for concurrency.",
    )
    add_packs(parser)
    add_json(parser)
    parser = add_command(
        group,
        "register",
        performed_by("pack", "register"),
        "make folders known as packs, by links in the folder of packs",
        "orchestrion pack register ~/src/my_pack",
        "A pack with anything that is not valid is refused, and all of it is told. What is changed in a\n"
        "pack later counts for all that starts from then on: it need not be registered again.",
    )
    parser.add_argument("folders", metavar="DIR", nargs="+", help="a folder with a file pack.yaml")
    add_packs(parser)
    add_json(parser)
    parser = add_command(
        group,
        "setup",
        performed_by("pack", "setup"),
        "install the requirements.txt of packs, each in a virtual environment of its own",
        "orchestrion pack setup my_pack",
        "Again after the requirements have changed: they are installed into the same environment.",
        is_local=True,
    )
    parser.add_argument("names", metavar="PACK", nargs="+", help="the name of a pack")
    add_packs(parser)
    add_json(parser)
